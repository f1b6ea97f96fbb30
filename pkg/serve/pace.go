package serve

import (
	"sync"
	"time"
)

// pace is the model's speed: tokens and the time that they took, with recent
// batches weighted most. A batch counts by its size, so that small ones, which
// are slower per token, don't distort the estimate for large ones.
type pace struct {
	tokens, seconds float64
}

// fade is the factor by which each batch reduces the weight of earlier ones.
const fade = 0.9

func (p *pace) add(tokens int, took time.Duration) {
	p.tokens = p.tokens*fade + float64(tokens)
	p.seconds = p.seconds*fade + took.Seconds()
}

// delay estimates the time for tokens; 0 if nothing has been processed yet.
func (p *pace) delay(tokens int) time.Duration {
	if p.tokens == 0 {
		return 0
	}
	return time.Duration(float64(tokens) * p.seconds / p.tokens * float64(time.Second))
}

// density is the number of tokens per byte of body; recent requests count most.
type density struct {
	mu          sync.Mutex
	bytes, read float64
}

// ordinary is the density before anything was measured: that of English.
const ordinary = 0.25

func (d *density) add(bytes, tokens int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes = d.bytes*fade + float64(bytes)
	d.read = d.read*fade + float64(tokens)
}

// tokens estimates the number of tokens in bodies of that many bytes.
func (d *density) tokens(bytes int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes == 0 {
		return int64(float64(bytes) * ordinary)
	}
	return int64(float64(bytes) * d.read / d.bytes)
}

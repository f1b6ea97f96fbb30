package serve

import (
	"sync"
	"time"
)

// pace is how fast the model reads: tokens and the time that they took, of
// batches in which the last counts most. A batch counts by its size, so that
// small ones, which are slower for each token, don't spoil the guess for large
// ones.
type pace struct {
	tokens, seconds float64
}

// fade is what is left of the earlier batches' weight after each.
const fade = 0.9

func (p *pace) add(tokens int, took time.Duration) {
	p.tokens = p.tokens*fade + float64(tokens)
	p.seconds = p.seconds*fade + took.Seconds()
}

// delay is how long so many tokens take; 0 if nothing has been read yet.
func (p *pace) delay(tokens int) time.Duration {
	if p.tokens == 0 {
		return 0
	}
	return time.Duration(float64(tokens) * p.seconds / p.tokens * float64(time.Second))
}

// density is how many tokens the model reads of a byte of bodies; the last
// requests count most.
type density struct {
	mu          sync.Mutex
	bytes, read float64
}

// ordinary is a density for before anything was measured: that of English.
const ordinary = 0.25

func (d *density) add(bytes, tokens int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes = d.bytes*fade + float64(bytes)
	d.read = d.read*fade + float64(tokens)
}

// tokens guesses how many bodies of so many bytes have.
func (d *density) tokens(bytes int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes == 0 {
		return int64(float64(bytes) * ordinary)
	}
	return int64(float64(bytes) * d.read / d.bytes)
}

package serve

import "time"

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

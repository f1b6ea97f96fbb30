package serve

import "runtime"

// prepareBytes is how many bytes of bodies are decoded and tokenized at a time;
// a larger body is, alone.
const prepareBytes = 1 << 20

// What a byte or token of a request costs in memory at most, garbage that the
// collector hasn't come to included. TestMemory measures it.
const (
	bodyCost    = 5       // a byte of a body: the buffer grows, and is decoded into texts
	prepareCost = 256     // a byte that is tokenized: normalised characters, and a token with its place for each
	tokenCost   = 8 << 10 // a token that the model reads: scores of up to 20 labels, and their JSON
)

// Memory is a bound of the bytes that all requests together take beside the
// model, whatever they say. Connections come on top of it, each with some 10 KB
// and its headers.
func (c Config) Memory() int64 {
	atOnce := max(prepareBytes, int64(runtime.GOMAXPROCS(0))*int64(c.Limits.Text))
	return bodyCost*(c.QueueBytes+c.Limits.Body) + prepareCost*atOnce + tokenCost*int64(c.QueueTokens)
}

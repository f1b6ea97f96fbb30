package serve

import "runtime"

// prepareBytes is how many bytes of bodies are decoded and tokenized at a time;
// a larger body is processed alone.
const prepareBytes = 1 << 20

// Maximum memory per byte or token of a request, including garbage not yet
// collected. TestMemory measures it.
const (
	bodyCost    = 5       // a byte of a body: the buffer grows, and is decoded into texts
	prepareCost = 256     // a tokenized byte: normalised characters, and a token with its position for each
	tokenCost   = 8 << 10 // a token that the model reads: scores of up to 20 labels, and their JSON
)

// Memory is an upper bound on the bytes that all requests together take beside
// the model, whatever they contain. Connections add some 10 KB each and their
// headers.
func (c Config) Memory() int64 {
	atOnce := max(prepareBytes, int64(runtime.GOMAXPROCS(0))*int64(c.Limits.Text))
	return bodyCost*(c.QueueBytes+c.Limits.Body) + prepareCost*atOnce + tokenCost*int64(c.QueueTokens)
}

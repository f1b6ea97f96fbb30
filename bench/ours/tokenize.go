package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trident-nlp/trident/bench/protocol"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// passes is how often a case of tokenizing goes over the texts.
const passes = 5

// tokenize encodes all texts, on one thread (garbage collection included) or
// on all of them.
func (w *worker) tokenize(all bool) (protocol.Response, error) {
	tok, err := tokenize.Load(w.in.Model)
	if err != nil {
		return protocol.Response{}, err
	}
	for _, text := range w.in.Tokenize { // fills the cache of words
		tok.Encode(text)
	}
	threads := 1
	if all {
		threads = w.threads
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	started := time.Now()
	tokens := encodeAll(tok, w.in.Tokenize, threads)
	return protocol.Response{Seconds: time.Since(started).Seconds(), Samples: passes * len(w.in.Tokenize), Tokens: tokens}, nil
}

// encodeAll returns the number of tokens.
func encodeAll(tok *tokenize.Tokenizer, texts []string, threads int) int {
	var next, tokens atomic.Int64
	var group sync.WaitGroup
	for range threads {
		group.Go(func() {
			mine := 0
			for i := next.Add(1) - 1; i < int64(passes*len(texts)); i = next.Add(1) - 1 {
				mine += len(tok.Encode(texts[int(i)%len(texts)]).IDs)
			}
			tokens.Add(int64(mine))
		})
	}
	group.Wait()
	return int(tokens.Load())
}

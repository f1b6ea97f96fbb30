package fusion

import (
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Training takes a token's hidden state from the window from which predictions take its
// logits.
func TestCentralPieceIsTheCutsCentralWindow(t *testing.T) {
	for _, test := range []struct{ tokens, limit, overlap int }{{9, 8, 3}, {40, 8, 0}, {41, 8, 5}, {40, 10, 3}, {5, 8, 2}} {
		c := callOf(test.tokens, test.limit, test.overlap)
		cuts := tokenize.CutsOf(test.tokens, test.limit, test.overlap)
		for i := 1; i < test.tokens-1; i++ {
			if got, want := c.pieces[cuts.Central(i)], c.central(i); got != want {
				t.Errorf("%+v: token %d is central at %d, want %d", test, i, got.index, want.index)
			}
		}
	}
}

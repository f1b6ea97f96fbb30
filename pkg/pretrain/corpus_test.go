package pretrain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

func readCorpus(t *testing.T, maxLength int, files map[string]string) Corpus {
	t.Helper()
	c, err := ReadCorpus(context.Background(), []string{filetest.Folder(t, files)}, testTokenizer(t), maxLength, true)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Nothing of a call is lost, and no piece holds parts of two.
func TestPieces(t *testing.T) {
	tok := testTokenizer(t)
	calls := []string{"a b c", strings.Repeat("abc d ", 30), "d", "a b c d e f", "fab . e"}
	const maxLength = 8
	c := readCorpus(t, maxLength, map[string]string{
		"a.txt":   strings.Join(calls[:3], "\n"),
		"b.jsonl": fmt.Sprintf("{\"text\": %q}\n{\"text\": 1}\n{\"text\": \"   \"}\n{\"narrative\": %q}\n", calls[3], calls[4]),
	})
	at := 0
	for _, call := range calls {
		want := tok.Encode(call).IDs
		var got []int32
		for ; at < len(c.Pieces) && len(got) < len(want)-2; at++ {
			ids := c.Pieces[at].IDs
			if len(ids) > maxLength || ids[0] != want[0] || ids[len(ids)-1] != want[len(want)-1] {
				t.Fatalf("piece %v of at most %d tokens", ids, maxLength)
			}
			got = append(got, ids[1:len(ids)-1]...)
		}
		if !slices.Equal(got, want[1:len(want)-1]) {
			t.Errorf("call %q gives %v, want %v", call, got, want)
		}
	}
	tokens := 0
	for _, p := range c.Pieces {
		tokens += len(p.IDs)
	}
	if want := (Counts{Calls: 5, Tokens: tokens, Long: 1, Skipped: 1}); at != len(c.Pieces) || c.Counts != want {
		t.Errorf("%d of %d pieces; counts %+v, want %+v", at, len(c.Pieces), c.Counts, want)
	}
	for i, ex := range Examples(c.Pieces) {
		if ex.Record != i+1 || !slices.Equal(ex.IDs, c.Pieces[i].IDs) {
			t.Errorf("example %d: %+v", i, ex)
		}
	}
}

// More calls than are encoded at once stay in their order.
func TestManyCalls(t *testing.T) {
	var lines strings.Builder
	const n = 2*window + 3
	for i := range n {
		lines.WriteString(strings.Repeat("a ", 1+i%5) + "\n")
	}
	c := readCorpus(t, 16, map[string]string{"a.txt": lines.String()})
	for i, p := range c.Pieces {
		if len(p.IDs) != 3+i%5 {
			t.Fatalf("piece %d has %d tokens, want %d", i, len(p.IDs), 3+i%5)
		}
	}
	if len(c.Pieces) != n {
		t.Errorf("%d pieces, want %d", len(c.Pieces), n)
	}
}

func TestReadCorpusRefuses(t *testing.T) {
	bad := filetest.Folder(t, map[string]string{"a.jsonl": "{\"text\": \"a\"}\n{\"text\": 5, \"id\": \"secret\"}\n"})
	empty := filetest.Folder(t, map[string]string{"a.txt": "\n  \n"})
	for want, read := range map[string]func() (Corpus, error){
		"a.jsonl: line 2: text is not a string": func() (Corpus, error) {
			return ReadCorpus(context.Background(), []string{bad}, testTokenizer(t), 16, false)
		},
		"there is no call in": func() (Corpus, error) {
			return ReadCorpus(context.Background(), []string{empty}, testTokenizer(t), 16, false)
		},
		"want 3 or more": func() (Corpus, error) {
			return ReadCorpus(context.Background(), []string{bad}, testTokenizer(t), 2, false)
		},
	} {
		if _, err := read(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ReadCorpus(ctx, []string{bad}, testTokenizer(t), 16, false); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v of a cancelled context", err)
	}
}

func TestSplit(t *testing.T) {
	var lines []string
	for i := range 100 {
		lines = append(lines, strings.Repeat("a ", 1+i%50)+strings.Repeat("b ", i/10)+"c")
	}
	lines = append(lines, lines[:20]...) // calls that are there twice
	c := readCorpus(t, 8, map[string]string{"a.txt": strings.Join(lines, "\n")})
	train, val, err := c.Split(0.1, 3)
	if err != nil || len(train)+len(val) != len(c.Pieces) {
		t.Fatalf("%d and %d pieces of %d, %v", len(train), len(val), len(c.Pieces), err)
	}
	callsOf := func(pieces []Piece) map[uint64]bool {
		calls := map[uint64]bool{}
		for _, p := range pieces {
			calls[p.call] = true
		}
		return calls
	}
	trained, held := callsOf(train), callsOf(val)
	for call := range held {
		if trained[call] {
			t.Error("a call is in both parts")
		}
	}
	if len(held) != 10 || len(trained) != 90 {
		t.Errorf("%d and %d different calls, want 90 and 10", len(trained), len(held))
	}
	slices.Reverse(lines)
	turned := readCorpus(t, 8, map[string]string{"b.txt": strings.Join(lines, "\n")})
	if _, again, _ := turned.Split(0.1, 3); len(callsOf(again)) != 10 || !slices.ContainsFunc(again, func(p Piece) bool { return held[p.call] }) {
		t.Error("another order of calls gives another split")
	} else {
		for call := range callsOf(again) {
			if !held[call] {
				t.Error("another order of calls gives another split")
			}
		}
	}
	_, other, _ := c.Split(0.1, 4)
	differs := false
	for call := range callsOf(other) {
		differs = differs || !held[call]
	}
	if !differs {
		t.Error("another seed gives the same split")
	}
	for _, share := range []float64{0, 1, -0.5} {
		if _, _, err := c.Split(share, 3); err == nil {
			t.Errorf("share %g: no error", share)
		}
	}
	same := readCorpus(t, 8, map[string]string{"a.txt": "a b\na b\n"})
	if _, _, err := same.Split(0.1, 3); err == nil || !strings.Contains(err.Error(), "1 different calls") {
		t.Errorf("error %v", err)
	}
}

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

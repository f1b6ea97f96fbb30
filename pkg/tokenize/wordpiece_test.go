package tokenize

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// goldenVocab is the vocabulary of the golden files.
func goldenVocab(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func newTokenizer(t testing.TB, vocab []string, o Options) *Tokenizer {
	t.Helper()
	tok, err := New(vocab, o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// checkCuts compares what the model, walk and the cache make of a word of 1 to maxWord characters.
func checkCuts(t *testing.T, w *wordPiece, word []char) {
	t.Helper()
	text := string(appendText(nil, word))
	want := slices.Clone(w.ask(nil, text, len(word)))
	if got := w.walk(nil, []byte(continuation+text), word); !slices.Equal(got, want) {
		t.Errorf("%+q: walk cuts into %v, the model into %v", text, got, want)
	}
	for _, tries := range []int{0, maxWord * maxWord, 0} { // walk, the model, the cache
		if got := w.cut(&scratch{tries: tries}, word); !slices.Equal(got, want) {
			t.Errorf("%+q with %d tries: cut into %v, want %v", text, tries, got, want)
		}
	}
}

// TestWalkIsModel: the golden files' words, which TestGolden compares with Hugging
// Face, are cut alike by the model and by walk.
func TestWalkIsModel(t *testing.T) {
	for name, options := range map[string]Options{"cased": {}, "uncased": {LowerCase: true}} {
		tok := newTokenizer(t, goldenVocab(t), options)
		file, err := os.Open(filepath.Join("testdata", name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		compared := 0
		for lines := json.NewDecoder(bufio.NewReader(file)); lines.More(); {
			var golden struct{ Text string }
			if err := lines.Decode(&golden); err != nil {
				t.Fatal(err)
			}
			var b buffers
			chars, _ := tok.normalizer.run(&b, golden.Text, 0)
			for word := range words(chars) {
				if len(word) <= maxWord {
					checkCuts(t, tok.model, word)
					compared++
				}
			}
		}
		if compared < 1000 {
			t.Errorf("%s: %d words", name, compared)
		}
	}
}

// TestWalkIsModelAtRandom: words of every length, of letters that start a sub-word,
// go on with one, do both, or stand in none.
func TestWalkIsModelAtRandom(t *testing.T) {
	vocab := append(slices.Clone(specialTokens[:]), "a", "##a", "b", "##c", "aa", "##aab", "##b", "aé", "##éé", "##é", "你a", "##你", "##你你你b")
	tok := newTokenizer(t, vocab, Options{})
	random, letters := rand.New(rand.NewPCG(1, 2)), []rune("aaaabbéé你你cx")
	unknown := 0
	for i := range 1000 {
		word := make([]char, 1+i%maxWord)
		for j := range word {
			word[j].r = letters[random.IntN(len(letters)-random.IntN(3))] // c and x are rarer
		}
		checkCuts(t, tok.model, word)
		if pieces := tok.model.cut(&scratch{}, word); pieces[0].id == tok.model.unknown {
			unknown++
		}
	}
	if unknown < 50 || unknown > 950 {
		t.Errorf("%d of 1,000 words are unknown: too few or too many to test much", unknown)
	}
}

func FuzzWordPiece(f *testing.F) {
	model := newTokenizer(f, goldenVocab(f), Options{}).model
	for _, word := range []string{"a", "usiogope", "Zoë", strings.Repeat("ab", 50), "##ing", "\u4f60\u0301", "\ufffd"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var word []char
		for _, r := range text {
			word = append(word, char{r: r})
		}
		if len(word) > 0 {
			checkCuts(t, model, word[:min(len(word), maxWord)])
		}
	})
}

// newWords is a text of size bytes: words of so many random letters.
func newWords(random *rand.Rand, letters, size int) string {
	text := make([]byte, size)
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
		if i%(letters+1) == letters {
			text[i] = ' '
		}
	}
	return string(text)
}

// TestModelIsBounded counts what the model allocates, two or more objects a try:
// left alone it would allocate some 10,000 for each of the longest words.
func TestModelIsBounded(t *testing.T) {
	const size = 256 << 10
	tok := newTokenizer(t, goldenVocab(t), Options{})
	for _, test := range []struct {
		letters int
		end     string // of each word
	}{{6, ""}, {16, ""}, {100, ""}, {16, "\u0e27"}} { // the last is no sub-word, so that words are unknown
		text := strings.ReplaceAll(newWords(rand.New(rand.NewPCG(1, 2)), test.letters, size), " ", test.end+" ")
		allocated := testing.AllocsPerRun(1, func() {
			tok.model.known = newWordCache()
			tok.Encode(text)
		})
		if allocated < size/50 || allocated > 2*size {
			t.Errorf("words of %d letters and %q: %.0f objects for %d bytes of text", test.letters, test.end, allocated, size)
		}
	}
}

// TestCacheIsBounded fills the cache with the largest words that it takes, from several goroutines.
func TestCacheIsBounded(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // what pools hold goes with the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	c := newWordCache()
	pieces := make([]piece, cachedWord)
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 4 * cacheSets {
				word := fmt.Sprintf("%0*d", cachedWord, g*1_000_000+i)
				hash := c.hash([]byte(word))
				c.put(hash, word, pieces)
				if got := c.get(hash, []byte(word)); got != nil && len(got) != len(pieces) {
					t.Errorf("%s became %v", word, got)
				}
			}
		})
	}
	group.Wait()
	if grown := int64(heap()) - int64(before); grown < 8<<20 || grown > 12_000_000 {
		t.Errorf("a full cache takes %d bytes, want 8 to 12 MB", grown)
	}
	long := strings.Repeat("x", cachedWord+1)
	hash := c.hash([]byte(long))
	if c.put(hash, long, pieces); c.get(hash, []byte(long)) != nil {
		t.Error("a word beyond the bound was kept")
	}
	runtime.KeepAlive(&c)
}

// TestCacheKeepsTwo: of a set's words the last two stay.
func TestCacheKeepsTwo(t *testing.T) {
	c := newWordCache()
	for i, word := range []string{"one", "two", "three"} {
		c.put(7, word, []piece{{int32(i), 3}})
	}
	for word, want := range map[string][]piece{"one": nil, "two": {{1, 3}}, "three": {{2, 3}}} {
		if got := c.get(7, []byte(word)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", word, got, want)
		}
	}
}

// TestEncodeConcurrentlyNewWords: goroutines that meet words in another order get what one alone gets.
func TestEncodeConcurrentlyNewWords(t *testing.T) {
	tok := newTokenizer(t, goldenVocab(t), Options{})
	random := rand.New(rand.NewPCG(3, 4))
	var texts []string
	var want [][]int32
	for i := range 40 {
		texts = append(texts, newWords(random, 2+i%9, 2000))
		want = append(want, newTokenizer(t, goldenVocab(t), Options{}).Encode(texts[i]).IDs)
	}
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 2 * len(texts) {
				at := (i*(2*g+1) + g) % len(texts)
				if got := tok.Encode(texts[at]).IDs; !slices.Equal(got, want[at]) {
					t.Errorf("text %d was cut otherwise", at)
				}
			}
		})
	}
	group.Wait()
}

package pretrain

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// givenNumbers are given draws, in the order in which they are drawn.
type givenNumbers struct {
	floats []float64
	ints   []int
}

func (n *givenNumbers) Float64() float64 {
	x := n.floats[0]
	n.floats = n.floats[1:]
	return x
}

func (n *givenNumbers) IntN(int) int {
	x := n.ints[0]
	n.ints = n.ints[1:]
	return x
}

// With the random numbers that Hugging Face's DataCollatorForLanguageModeling drew, Draw says
// what it says. testdata/masking.json is made by scripts/golden/pretrain.py.
func TestMaskEqualsHuggingFace(t *testing.T) {
	data, err := os.ReadFile("testdata/masking.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Vocabulary []string
		Cases      []struct {
			Probability          float64
			IDs, Masked          []int32
			Labels               []int64
			Choose, Mask, Random []float64
			Words                []int
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenize.New(golden.Vocabulary, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	chosen := 0
	for _, c := range golden.Cases {
		m, err := NewMasker(tok, c.Probability, false)
		if err != nil {
			t.Fatal(err)
		}
		var drawn givenNumbers
		for i, id := range c.IDs {
			if m.special[id] {
				continue
			}
			drawn.floats = append(drawn.floats, c.Choose[i])
			if c.Labels[i] == tasks.IgnoreToken {
				continue
			}
			chosen++
			if drawn.floats = append(drawn.floats, c.Mask[i]); c.Mask[i] < replaceByMask {
				continue
			}
			if drawn.floats = append(drawn.floats, c.Random[i]); c.Random[i] < replaceByRandom {
				drawn.ints = append(drawn.ints, slices.Index(m.ordinary, int32(c.Words[i])))
			}
		}
		masked, targets := m.draw(c.IDs, &drawn)
		if !slices.Equal(masked, c.Masked) || !slices.Equal(targets, c.Labels) {
			t.Errorf("%d tokens, probability %g:\n%v %v, want\n%v %v", len(c.IDs), c.Probability, masked, targets, c.Masked, c.Labels)
		}
		if len(drawn.floats)+len(drawn.ints) > 0 {
			t.Errorf("%d tokens, probability %g: %d draws are left", len(c.IDs), c.Probability, len(drawn.floats)+len(drawn.ints))
		}
	}
	if chosen < 30 {
		t.Errorf("only %d tokens are chosen in all cases", chosen)
	}
}

// testTokenizer has words of up to three sub-words.
func testTokenizer(t testing.TB) *tokenize.Tokenizer {
	t.Helper()
	vocab := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] # ## . a b c d e f g h ##a ##b ##c ##d")
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func newMasker(t testing.TB, probability float64, wholeWords bool) *Masker {
	t.Helper()
	m, err := NewMasker(testTokenizer(t), probability, wholeWords)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The shares are those that were asked for, within four standard deviations.
func TestMaskShares(t *testing.T) {
	text := strings.Repeat("abc d e fab . zzz g ha bbbb # ", 40) // zzz is [UNK]
	ids := testTokenizer(t).Encode(text).IDs
	for _, wholeWords := range []bool{false, true} {
		for _, probability := range []float64{0.05, 0.15, 0.4} {
			m := newMasker(t, probability, wholeWords)
			var ordinary, chosen, byMask, same, random float64
			seen := map[int32]float64{}
			for seed := range uint64(150) {
				masked, targets := m.Mask(ids, seed)
				for i, id := range ids {
					switch {
					case m.isSpecial(id):
						if masked[i] != id || targets[i] != tasks.IgnoreToken {
							t.Fatalf("special token %d is masked", id)
						}
						continue
					case targets[i] == tasks.IgnoreToken:
						if masked[i] != id {
							t.Fatal("a token that wasn't chosen has changed")
						}
					case targets[i] != int64(id):
						t.Fatalf("the answer is %d, but %d stood there", targets[i], id)
					default:
						chosen++
						switch masked[i] {
						case m.mask:
							byMask++
						case id:
							same++
						default:
							random++
							seen[masked[i]]++
						}
					}
					ordinary++
				}
			}
			// Words are chosen whole, so that up to four tokens go together.
			near := func(what string, got, n, p, together float64) {
				if d := math.Abs(got/n - p); d > 4*math.Sqrt(together*p*(1-p)/n) {
					t.Errorf("whole words %v, probability %g: %s are %.4f, want %.4f", wholeWords, probability, what, got/n, p)
				}
			}
			near("chosen", chosen, ordinary, probability, map[bool]float64{false: 1, true: 4}[wholeWords])
			kinds := float64(len(m.ordinary))
			near("replaced by [MASK]", byMask, chosen, 0.8, 1)
			near("replaced by another", random, chosen, 0.1*(kinds-1)/kinds, 1)
			near("left", same, chosen, 0.1+0.1/kinds, 1)
			if len(seen) != len(m.ordinary) {
				t.Errorf("%d different random tokens, want %d", len(seen), len(m.ordinary))
			}
			for id, n := range seen {
				if m.isSpecial(id) || n > 3*random/kinds {
					t.Errorf("token %d came %.0f times of %.0f", id, n, random)
				}
			}
		}
	}
}

func TestWholeWords(t *testing.T) {
	tok := testTokenizer(t)
	encoding := tok.Encode(strings.Repeat("abc d fab . bbbb ## a ", 8))
	m := newMasker(t, 0.3, true)
	parts := false
	for seed := range uint64(200) {
		_, targets := m.Mask(encoding.IDs, seed)
		for i := 1; i < len(targets); i++ {
			if encoding.Words[i] != encoding.Words[i-1] || encoding.Words[i] < 0 {
				continue
			}
			parts = true
			if (targets[i] == tasks.IgnoreToken) != (targets[i-1] == tasks.IgnoreToken) {
				t.Fatalf("seed %d: of word %d token %d is chosen and token %d isn't, or the other way", seed, encoding.Words[i], i, i-1)
			}
		}
	}
	if !parts {
		t.Error("no word has several tokens: the test tests nothing")
	}
	// A piece may begin within a word, whose first part is in the piece before.
	cut := slices.Concat(encoding.IDs[:1], encoding.IDs[2:])
	for seed := range uint64(20) {
		if masked, targets := m.Mask(cut, seed); masked[0] != cut[0] || targets[0] != tasks.IgnoreToken {
			t.Fatal("[CLS] is masked")
		}
	}
}

// Masks depend on the seed and the piece alone, and differ between seeds.
func TestMaskIsAFunctionOfTheSeed(t *testing.T) {
	ids := testTokenizer(t).Encode(strings.Repeat("abc d fab . ", 20)).IDs
	m := newMasker(t, DefaultMaskProbability, false)
	before := slices.Clone(ids)
	first, _ := m.Mask(ids, 7)
	if again, _ := newMasker(t, DefaultMaskProbability, false).Mask(ids, 7); !slices.Equal(first, again) {
		t.Error("the same seed masks otherwise")
	}
	if other, _ := m.Mask(ids, 8); slices.Equal(first, other) {
		t.Error("another seed masks the same")
	}
	if !slices.Equal(before, ids) {
		t.Error("Mask changes its argument")
	}
}

func TestNewMaskerRefuses(t *testing.T) {
	for _, p := range []float64{0, -1, 1, math.NaN()} {
		if _, err := NewMasker(testTokenizer(t), p, false); err == nil || !strings.Contains(err.Error(), "want more than 0 and less than 1") {
			t.Errorf("probability %v: %v", p, err)
		}
	}
	for vocab, want := range map[string]string{
		"[PAD] [UNK] [CLS] [SEP] a":      "no [MASK]",
		"[PAD] [UNK] [CLS] [SEP] [MASK]": "nothing but special tokens",
	} {
		tok, err := tokenize.New(strings.Fields(vocab), tokenize.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewMasker(tok, 0.15, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", vocab, err)
		}
	}
}

func TestMaskable(t *testing.T) {
	tok, m := testTokenizer(t), newMasker(t, 0.15, false)
	for text, want := range map[string]int{"a b": 2, "? ?": 0, "": 0, "a ? [SEP]": 1, "ab": 2} {
		if got := m.Maskable(tok.Encode(text).IDs); got != want {
			t.Errorf("%q: %d tokens, want %d", text, got, want)
		}
	}
}

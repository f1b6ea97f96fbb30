package tokenize_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// A text as sub-words, each with its word and its position in the text.
func ExampleTokenizer_Encode() {
	vocab := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "hello", "from", "ki", "##su", "##mu", ","}
	tok, err := tokenize.New(vocab, tokenize.Options{LowerCase: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	text := []rune("Hello, from Kisumu") // offsets count code points
	e := tok.Encode(string(text))
	for i, id := range e.IDs {
		fmt.Printf("%d %s %d %q\n", id, tok.Token(id), e.Words[i], string(text[e.Offsets[i].Start:e.Offsets[i].End]))
	}
	// Output:
	// 2 [CLS] -1 ""
	// 4 hello 0 "Hello"
	// 9 , 1 ","
	// 5 from 2 "from"
	// 6 ki 3 "Ki"
	// 7 ##su 3 "su"
	// 8 ##mu 3 "mu"
	// 3 [SEP] -1 ""
}

// A long text in windows of at most 6 tokens, which share 2.
func ExampleEncoding_Windows() {
	tok, err := tokenize.New([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d", "e", "f"}, tokenize.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range tok.Encode("a b c d e f").Windows(6, 2) {
		for _, id := range w.IDs {
			fmt.Print(tok.Token(id), " ")
		}
		fmt.Println("from token", w.First)
	}
	// Output:
	// [CLS] a b c d [SEP] from token 1
	// [CLS] c d e f [SEP] from token 3
}

// A vocabulary built from texts.
func ExampleTrain() {
	texts := []string{"mtoto yuko salama", "mtoto wangu", "salama sasa"}
	vocab, err := tokenize.Train(context.Background(), slices.Values(texts), 40, tokenize.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range tok.Encode("mtoto salama").IDs {
		fmt.Print(tok.Token(id), " ")
	}
	// Output: [CLS] mtoto salama [SEP]
}

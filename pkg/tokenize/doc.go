// Package tokenize cuts text into BERT's WordPiece sub-words, with the same
// ids, word numbers and code-point offsets as Hugging Face's fast tokenizer.
//
//	text → normalise (clean, set CJK apart, strip accents, lower case) → words → sub-words
//
// Tokens that were added to the vocabulary ([AddedToken]) are cut out first, those
// that are to be found in the normalised text after that.
//
// Words are cut by the WordPiece model of github.com/sugarme/tokenizer, and
// remembered, up to 12 MB of them.
//
// Every normalised character carries the span of the original text that it
// came from, so offsets stay exact whatever the normaliser drops or adds. How
// a code point is classed stands in tables.go, generated from the library
// itself. A [Tokenizer] is made from a vocabulary ([New]), read from a model
// directory ([Load]), or trained: [Train] makes a vocabulary from texts.
//
// pkg/datasets encodes records with a Tokenizer, pkg/fusion texts; a model's folder
// holds the files that [Load] reads. This package calls no other of pkg/.
package tokenize

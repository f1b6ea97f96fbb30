// Package tokenize splits text into BERT's WordPiece sub-words, with the same ids, word
// numbers and code-point offsets as Hugging Face's fast tokenizer.
//
//	text → normalise (clean, surround CJK with spaces, strip accents, lower case) → words → sub-words
//
// Tokens that were added to the vocabulary ([AddedToken]) are matched first, then those
// that are matched in the normalised text.
//
// Words are split by the WordPiece model of github.com/sugarme/tokenizer, with a cache
// of at most 12 MB.
//
// Every normalised character keeps its span of the original text, so offsets stay exact
// whatever the normaliser drops or adds. The classes of code points are in tables.go,
// which is generated from Hugging Face's library. A [Tokenizer] is created from a
// vocabulary ([New]) or loaded from a model directory ([Load]); [Train] builds a
// vocabulary from texts.
//
// pkg/datasets encodes records with a Tokenizer, pkg/fusion texts; [Load] reads the
// files of a model's folder. This package imports no other package of pkg/.
package tokenize

// Package datasets turns labelled helpline calls into batches of tensors: it
// reads the three schemas, maps labels to ids, splits, aligns entity spans
// with sub-words, and collates encoded records into batches.
//
// [Load] reads a file into [Records], [Records.Encode] makes examples of them with a
// tokenizer, and a [Loader] makes batches of those. pkg/run and cmd/eval do this for
// training and evaluation; pkg/trainer takes the batches. pkg/fusion uses [Collator] alone.
// Datasets calls pkg/tokenize and pkg/tasks.
package datasets

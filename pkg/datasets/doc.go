// Package datasets turns labelled helpline calls into batches of tensors: it reads the
// three schemas, maps labels to ids, splits, aligns entity spans with sub-words, and
// collates encoded records into batches.
//
// [Load] reads a file into [Records], [Records.Encode] converts them to examples with a
// tokenizer, and a [Loader] groups those into batches. pkg/run and pkg/evaluate do this
// for training and evaluation; pkg/trainer uses the batches. pkg/fusion only uses
// [Collator]. This package uses pkg/tokenize and pkg/tasks.
package datasets

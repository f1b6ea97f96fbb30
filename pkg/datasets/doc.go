// Package datasets turns labelled helpline calls into batches of tensors: it
// reads the three schemas, maps labels to ids, splits, aligns entity spans
// with sub-words, and collates encoded records into batches.
package datasets

package label

import (
	"cmp"
	"slices"

	"github.com/trident-nlp/trident/internal/textfile"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// Options is the input, the model and its settings, and the output. Start from
// [Defaults]. Errors name an option by infer's flag: --input is Input.
type Options struct {
	Model string // a model's folder, as written by train, or a model in MLflow, as models:/NAME@ALIAS

	// The calls: either Texts, one call each, or Input: files, folders and patterns, or
	// only "-", which is [Streams.In].
	Texts       []string
	Input       []string
	InputFormat string // auto, lines, whole, jsonl, json, csv or tsv

	// MarkBadRecords writes an error in place of the answer of an unreadable call, instead
	// of ending the run. The output format must be json or jsonl.
	MarkBadRecords bool

	Tasks      []string // what to predict; nil: all of the model's tasks
	Threshold  float64  // a yes/no output is 1 if its probability is higher
	Thresholds string   // a JSON file of other thresholds for some heads; "": none
	Scores     bool     // include probabilities
	Attention  bool     // include the weights of attention pooling; in json and jsonl
	Long       string   // how long calls are read: auto (as the model learnt), windows, mean or truncate
	Overlap    *int     // tokens that the windows of a long call share; nil: as the model learnt

	// ReviewQueue orders the calls by what it is expected to cost to leave them unchecked
	// ([triage.Review]), the most costly first.
	ReviewQueue bool

	IndependentHeads bool // each head's own likeliest label

	// Redact replaces names and the like, and includes the text as it is then: mask, label,
	// pseudonym or hash; "" doesn't.
	Redact       string
	RedactLabels []string // entities and patterns to replace; nil: redact.DefaultLabels
	RedactKey    string   // a file with the key for pseudonym and hash; "": redact.KeyVariable has it
	RedactMap    string   // a new file that lists what was replaced; "": none

	Format string // auto, text, json, jsonl or csv
	Output string // a file, written atomically; "": [Streams.Out]; with Shard, a folder

	Shard     Shard // the part of Input to read; the zero value is all of it
	Overwrite bool  // recreate a finished shard

	BatchSize   int    // maximum number of calls in a batch
	BatchTokens int    // maximum number of tokens in a batch
	Device      string // auto, cpu, cuda or cuda:N
	Threads     int    // CPU threads of the whole process; 0: one per core
	Precision   string // fp32, bf16, int8 or auto
}

// Defaults returns the options of infer without flags. Model and calls are unset.
func Defaults() Options {
	return Options{
		InputFormat: "auto", Format: "auto", Long: "auto", Threshold: fusion.DefaultThreshold, BatchSize: fusion.DefaultBatchSize, BatchTokens: fusion.DefaultBatchTokens,
		Device: "auto", Precision: "fp32",
	}
}

// Check returns an error, marked with [ErrOptions], for invalid or incompatible
// options. It doesn't access files.
func (o Options) Check() error {
	switch {
	case len(o.Texts) == 0 && len(o.Input) == 0:
		return badOptions("give a call with --text, or a file with --input (- for standard input)")
	case !(o.Threshold > 0 && o.Threshold < 1):
		return badOptions("--qa-threshold is %g; want more than 0 and less than 1", o.Threshold)
	case o.BatchSize < 1:
		return badOptions("--batch-size is %d; want 1 or more", o.BatchSize)
	case o.BatchTokens < 1:
		return badOptions("--batch-tokens is %d; want 1 or more", o.BatchTokens)
	case o.Overlap != nil && *o.Overlap < 0:
		return badOptions("--overlap is %d; want 0 or more", *o.Overlap)
	case fusion.LongOf(o.Long).Check() != nil:
		return badOptions("--long is %q; want auto, windows, mean or truncate", o.Long)
	case fusion.LongOf(o.Long) == fusion.LongTruncate && o.Overlap != nil:
		return badOptions("--overlap is for windows; it can't be used with --long truncate")
	case o.Threads < 0:
		return badOptions("--threads is %d; want 0 or more", o.Threads)
	case o.Shard.Count == 0 && textfile.TrimExtension(o.Output) != o.Output:
		return badOptions("--output %s: what is written isn't compressed; leave --output out, and let a pipe do it (| gzip > FILE)", o.Output)
	case slices.Contains(o.Input, "-") && len(o.Input) > 1:
		return badOptions("--input - is standard input; it can't be read beside files")
	case o.Shard != (Shard{}) && (o.Shard.Index < 0 || o.Shard.Index >= o.Shard.Count || o.Shard.Count > maxShards):
		return badOptions("--shard is %s; want 0/N to N-1/N, and N up to %d", o.Shard, maxShards)
	case len(o.Texts) > 0 && len(o.Input) > 0:
		return badOptions("--text and --input can't be used together")
	case !slices.Contains([]string{"auto", "lines", "whole", "jsonl", "json", "csv", "tsv"}, o.InputFormat):
		return badOptions("--input-format is %q; want auto, lines, whole, jsonl, json, csv or tsv", o.InputFormat)
	case !slices.Contains([]string{"auto", "text", "json", "jsonl", "csv"}, o.Format):
		return badOptions("--format is %q; want auto, text, json, jsonl or csv", o.Format)
	case !slices.Contains([]string{"fp32", "bf16", "int8", "auto"}, o.Precision):
		return badOptions("--precision is %q; want fp32, bf16, int8 or auto", o.Precision)
	}
	return cmp.Or(o.checkRedact(), o.checkShard())
}

// checkShard checks options that are incompatible with Shard, or need it.
func (o Options) checkShard() error {
	switch {
	case o.Overwrite && o.Shard.Count == 0:
		return badOptions("--overwrite belongs to --shard; an --output file is always replaced")
	case o.Shard.Count == 0:
		return nil
	case len(o.Input) == 0 || o.Input[0] == "-":
		return badOptions("--shard wants files for --input")
	case o.ReviewQueue:
		return badOptions("--review-queue orders all calls, so it can't be used with --shard")
	case o.Output == "":
		return badOptions("--shard wants a folder for --output")
	case !slices.Contains([]string{"auto", "jsonl", "csv"}, o.Format):
		return badOptions("--shard writes --format jsonl or csv, not %s", o.Format)
	case o.MarkBadRecords && o.Format == "csv":
		return badOptions("--mark-bad-records is for --format json and jsonl, not csv")
	case o.Attention && o.Format == "csv":
		return badOptions("--attention is for --format json and jsonl, not csv")
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/internal/cli"
)

// checkShard finds flags that don't go with --shard, or not without it.
func (f *flags) checkShard() error {
	switch {
	case f.Overwrite && f.Shard.count == 0:
		return cli.Usagef("--overwrite belongs to --shard; an --output file is always replaced")
	case f.Shard.count == 0:
		return nil
	case len(f.Input) == 0 || f.Input[0] == "-":
		return cli.Usagef("--shard wants files for --input")
	case f.Output == "":
		return cli.Usagef("--shard wants a folder for --output")
	case !slices.Contains([]string{"auto", "jsonl", "csv"}, f.Format):
		return cli.Usagef("--shard writes --format jsonl or csv, not %s", f.Format)
	case f.MarkBadRecords && f.Format == "csv":
		return cli.Usagef("--mark-bad-records is for --format json and jsonl, not csv")
	}
	return nil
}

// runShard writes a part of the answers, unless it is there, and says on standard
// error what it did.
func (f *flags) runShard(ctx context.Context, io cli.Streams) error {
	j, err := f.job(io)
	if err != nil {
		return err
	}
	s, err := f.settings(j.options, j.in.files)
	if err != nil {
		return err
	}
	out := folder{f.Output, s}
	if err := out.prepare(f.Shard.count); err != nil {
		return writing(err)
	}
	if f.Overwrite {
		if err := out.forget(f.Shard); err != nil {
			return writing(err)
		}
	}
	p, done, err := out.done(f.Shard)
	switch {
	case err != nil:
		return writing(err)
	case done:
		fmt.Fprintf(io.Err, "infer: shard %s is done already: %d calls in %s\n", f.Shard, p.Counts.Records, out.part(f.Shard))
	default:
		if err := f.label(ctx, j, out, io); err != nil {
			return err
		}
	}
	all, err := out.complete(f.Shard.count)
	if err != nil {
		return writing(err)
	}
	if all != nil {
		fmt.Fprintf(io.Err, "infer: all %d shards are done: %d calls (%s)\n", all.Shards, all.Counts.Records, filepath.Join(f.Output, successFile))
	}
	return nil
}

// label does the shard's work, or what is left of it.
func (f *flags) label(ctx context.Context, j *job, out folder, io cli.Streams) error {
	a, err := begin(out, f.Shard)
	if err != nil {
		return writing(err)
	}
	j.out = a.destination()
	defer j.out.discard()
	j.style = style{format: out.settings.Options.Format, scores: f.Scores, later: a.Bytes > 0}
	j.bar = newProgress(io.Err, j.in, j.out)
	if a.Counts.Records > 0 {
		fmt.Fprintf(io.Err, "infer: shard %s goes on after %d calls\n", f.Shard, a.Counts.Records)
	}
	j.counts, j.saved = a.Counts, a.save
	j.in.records = after(a.Counts.Records, j.in.records)
	if err := j.run(ctx); err != nil {
		return err
	}
	j.warn(io.Err)
	fmt.Fprintf(io.Err, "infer: shard %s is done: %d calls in %s\n", f.Shard, j.Records, out.part(f.Shard))
	return nil
}

// after passes over the first n calls.
func after(n int, list records) records {
	return func(yield func(record, error) bool) {
		passed := 0
		for r, err := range list {
			if passed++; passed <= n && err == nil {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

package label

import (
	"context"
	"path/filepath"
)

// runShard writes a shard's part, unless it exists, and reports what it did.
func (o Options) runShard(ctx context.Context, s Streams) (Counts, error) {
	j, err := o.job(s)
	if err != nil {
		return Counts{}, err
	}
	made, err := o.settings(string(j.options.Precision), j.redact, j.in.files)
	if err != nil {
		return Counts{}, err
	}
	out := folder{o.Output, made}
	if err := out.prepare(o.Shard.Count); err != nil {
		return Counts{}, writing(err)
	}
	if o.Overwrite {
		if err := out.forget(o.Shard); err != nil {
			return Counts{}, writing(err)
		}
	}
	p, done, err := out.done(o.Shard)
	switch {
	case err != nil:
		return Counts{}, writing(err)
	case done:
		s.notice("shard %s is done already: %d calls in %s", o.Shard, p.Counts.Records, out.part(o.Shard))
	default:
		if p.Counts, err = o.answer(ctx, j, out, s); err != nil {
			return p.Counts, err
		}
	}
	all, err := out.complete(o.Shard.Count)
	if err != nil {
		return p.Counts, writing(err)
	}
	if all != nil {
		s.notice("all %d shards are done: %d calls (%s)", all.Shards, all.Counts.Records, filepath.Join(o.Output, SuccessFile))
	}
	return p.Counts, nil
}

// answer does the shard's work, or the rest of it.
func (o Options) answer(ctx context.Context, j *job, out folder, s Streams) (Counts, error) {
	a, err := begin(out, o.Shard)
	if err != nil {
		return Counts{}, writing(err)
	}
	j.out = a.destination()
	defer j.out.discard()
	j.style = style{format: out.settings.Options.Format, scores: o.Scores, redacted: o.Redact != "", later: a.Bytes > 0}
	j.bar = newProgress(s.Progress, j.in, j.out)
	if a.Counts.Records > 0 {
		s.notice("shard %s goes on after %d calls", o.Shard, a.Counts.Records)
	}
	j.Counts, j.saved = a.Counts, a.save
	j.in.records = after(a.Counts.Records, j.in.records)
	if err := j.run(ctx); err != nil {
		return j.Counts, err
	}
	j.warn(s.say)
	s.notice("shard %s is done: %d calls in %s", o.Shard, j.Records, out.part(o.Shard))
	return j.Counts, nil
}

// after skips the first n calls.
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

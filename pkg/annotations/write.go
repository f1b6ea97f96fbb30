package annotations

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/outfile"
)

// put writes the documents that check has accepted.
func (c *conversion) put(ctx context.Context, out Output) error {
	return putAll(out, c.to, c.s, c.seen, func(w writer) error {
		now := newPass()
		for d, err := range c.documents(ctx) {
			if errors.As(err, new(draftError)) {
				continue // counted by check
			}
			if err != nil {
				return err
			}
			if c.leftOut(d) != "" {
				continue
			}
			now.note(d.Document)
			if err := w.write(d.Document); err != nil {
				return err
			}
		}
		return c.sameAsChecked(now)
	})
}

// sameAsChecked requires the input to be the one that was checked.
func (c *conversion) sameAsChecked(now pass) error {
	if err := c.in.unchanged(); err != nil {
		return err
	}
	if c.s.Texts != nil {
		if err := c.s.Texts.unchanged(); err != nil {
			return err
		}
	}
	if err := c.checked.same(now); err != nil {
		return fmt.Errorf("read annotations: %s: %w", c.in.Name, err)
	}
	return nil
}

// packed are the extensions of compressed files, which convert doesn't write.
var packed = []string{".gz", ".zst", ".bz2"}

// check refuses a place at which nothing can be written, before anything is read.
func (out Output) check(to Format, only bool) error {
	ext := filepath.Ext(out.Path)
	switch {
	case to.Folder && out.Path == "" && !only:
		return badOptions("%s is a folder of files; give --output", to.Name)
	case to.Folder || out.Path == "":
		return nil
	case slices.Contains(packed, strings.ToLower(ext)):
		return badOptions("the output isn't compressed: give --output %s, and compress that file afterwards", strings.TrimSuffix(out.Path, ext))
	}
	dir := filepath.Dir(out.Path)
	if info, err := os.Stat(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", out.Path, err)
	} else if err != nil || !info.IsDir() {
		return fmt.Errorf("write %s: there is no folder %s; make it, or choose another --output", out.Path, dir)
	}
	return nil
}

// putAll creates an output and lets each write its documents.
func putAll(out Output, to Format, s *schema, seen fields, each func(w writer) error) error {
	name := out.Path
	if name == "" {
		name = "the output"
	}
	fill := func(w writer, err error) error {
		if err == nil {
			if err = each(w); err == nil {
				err = w.close()
			}
		}
		return err
	}
	var err error
	switch {
	case to.Folder:
		err = atomicdir.ReplaceAll(out.Path, to.code.own, func(tmp string) error { return fill(to.code.createIn(tmp, s, seen)) })
	case out.Path == "":
		b := bufio.NewWriter(out.W)
		if err = fill(to.code.create(b, s, seen)); err == nil {
			err = b.Flush()
		}
	default:
		err = writeFile(out.Path, func(w io.Writer) error { return fill(to.code.create(w, s, seen)) })
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// writeFile writes a file that appears whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := outfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	b := bufio.NewWriter(f)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Commit()
}

// Read yields a file's documents in order, labelled or not, with spans in code points. An
// error that is a [datasets.Problem] is about one record: later ones follow.
func Read(ctx context.Context, in Input, from Format, o Options) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		o.KeepUnlabelled = true
		c, err := newConversion(ctx, in, from, anything(), o)
		if err == nil {
			err = c.detect(ctx)
		}
		if err != nil {
			yield(Document{}, err)
			return
		}
		for d, err := range c.documents(ctx) {
			var problem draftError
			if errors.As(err, &problem) {
				err = problem.Problem
			}
			if !yield(d.Document, err) {
				return
			}
		}
	}
}

// anything is a target that holds everything.
func anything() Format {
	return Format{Name: "memory", Writes: true, Can: Carries{true, true, true, true, true, true, true, true}}
}

// Write writes documents. What the format can't hold is an error, a [LossError], unless
// o.Lossy is set.
func Write(out Output, to Format, documents []Document, o Options) error {
	from := anything()
	from.Reads = true
	from.code.read = func(context.Context, Input, *schema) iter.Seq2[draft, error] {
		return func(yield func(draft, error) bool) {
			for i, d := range documents {
				d.Spans = append([]Span(nil), d.Spans...)
				if d.Spans == nil && documents[i].Spans != nil {
					d.Spans = []Span{}
				}
				if !yield(draft{Document: d, record: i + 1}, nil) {
					return
				}
			}
		}
	}
	_, err := Convert(context.Background(), Input{Name: "documents"}, from, out, to, o)
	return err
}

package synth

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

// The Python prototype's file names.
const (
	NERFile   = "ner_synthetic_dataset_v1.jsonl"
	CasesFile = "cases_generated_data_v0005.json"
	QAFile    = "synthetic_qa_metrics_data_v01x.json"
)

// Files returns the paths of the files that WriteAll writes in dir.
func Files(dir string) []string {
	return []string{filepath.Join(dir, NERFile), filepath.Join(dir, CasesFile), filepath.Join(dir, QAFile)}
}

// WriteAll writes the three files to dir, which is created if missing. They appear
// together once all are written, replacing existing ones; after an error or cancellation
// nothing has changed. progress may be nil; it is called occasionally with the number of
// records written and the total.
func WriteAll(ctx context.Context, dir string, o Options, progress func(done, total int)) (_ Summary, err error) {
	begin := time.Now()
	if err := o.check(); err != nil {
		return Summary{}, err
	}
	if _, missing := os.Stat(dir); errors.Is(missing, fs.ErrNotExist) {
		if target, err := os.Readlink(dir); err == nil {
			return Summary{}, fmt.Errorf("make the data folder: %s is a link to %s, which isn't there: make that folder, or remove the link", dir, target)
		}
		defer func() {
			if err != nil {
				os.Remove(dir) // only if it is empty
			}
		}()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Summary{}, fmt.Errorf("make the data folder: %w", err)
	}
	p := &counter{total: max(o.NER, 0) + max(o.Cases, 0) + max(o.QA, 0), report: progress}
	paths := Files(dir)
	var s Summary
	var pending []*renameio.PendingFile
	defer func() {
		for _, f := range pending {
			f.Cleanup() //nolint:errcheck // nothing is left to do about a file that stays
		}
	}()
	for i, write := range []func(io.Writer) (int, error){
		func(w io.Writer) (int, error) { return writeLines(ctx, w, NER(o), p) },
		func(w io.Writer) (int, error) { return writeArray(ctx, w, Cases(o), p) },
		func(w io.Writer) (int, error) { return writeArray(ctx, w, QA(o), p) },
	} {
		f, err := renameio.NewPendingFile(paths[i], renameio.WithPermissions(0o644))
		if err != nil {
			return Summary{}, fmt.Errorf("write %s: %w", paths[i], err)
		}
		pending = append(pending, f)
		file, err := fill(f, write)
		if err != nil {
			return Summary{}, fmt.Errorf("write %s: %w", paths[i], err)
		}
		file.Path = paths[i]
		s.Files = append(s.Files, file)
	}
	mark, err := pendingMark(dir, paths, pending)
	if err != nil {
		return Summary{}, err
	}
	pending, paths = append(pending, mark), append(paths, filepath.Join(dir, markName))
	for i, f := range pending {
		if err := f.CloseAtomicallyReplace(); err != nil {
			return Summary{}, fmt.Errorf("write %s: %w", paths[i], err)
		}
	}
	s.Elapsed = time.Since(begin)
	return s, nil
}

// fill writes a file with write.
func fill(f *renameio.PendingFile, write func(io.Writer) (int, error)) (File, error) {
	w := bufio.NewWriterSize(f, 1<<20)
	n, err := write(w)
	if err != nil {
		return File{}, err
	}
	if err := w.Flush(); err != nil {
		return File{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return File{}, err
	}
	return File{Records: n, Bytes: info.Size()}, nil
}

// writeLines writes one JSON object per line.
func writeLines[T any](ctx context.Context, w io.Writer, records iter.Seq[T], p *counter) (int, error) {
	n := 0
	for record := range records {
		line, err := marshal(record)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		if err != nil {
			return n, err
		}
		n++
		p.add()
	}
	return n, nil
}

// writeArray writes a JSON array with one record per line.
func writeArray[T any](ctx context.Context, w io.Writer, records iter.Seq[T], p *counter) (int, error) {
	n := 0
	separator := "[\n"
	for record := range records {
		line, err := marshal(record)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "%s%s", separator, line)
		}
		if err != nil {
			return n, err
		}
		separator = ",\n"
		n++
		p.add()
	}
	if n == 0 {
		_, err := io.WriteString(w, "[]\n")
		return n, err
	}
	_, err := io.WriteString(w, "\n]\n")
	return n, err
}

// marshal is json.Marshal without escaping <, > and &.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// counter reports progress, at most every hundredth record.
type counter struct {
	done, total int
	report      func(done, total int)
}

func (c *counter) add() {
	c.done++
	if c.report != nil && (c.done%100 == 0 || c.done == c.total) {
		c.report(c.done, c.total)
	}
}

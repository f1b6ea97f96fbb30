package synth

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

// The source's file names.
const (
	NERFile   = "ner_synthetic_dataset_v1.jsonl"
	CasesFile = "cases_generated_data_v0005.json"
	QAFile    = "synthetic_qa_metrics_data_v01x.json"
)

// Files gives the paths that WriteAll writes in dir.
func Files(dir string) []string {
	return []string{filepath.Join(dir, NERFile), filepath.Join(dir, CasesFile), filepath.Join(dir, QAFile)}
}

// WriteAll makes the three files in dir, which is created where missing. Each
// appears whole or not at all, and replaces one that is there. Progress may be
// nil; it is called now and then with the records made so far and all that
// there will be. A cancelled context ends the work with its error.
func WriteAll(ctx context.Context, dir string, o Options, progress func(done, total int)) (Summary, error) {
	begin := time.Now()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Summary{}, fmt.Errorf("make the data folder: %w", err)
	}
	p := &counter{total: max(o.NER, 0) + max(o.Cases, 0) + max(o.QA, 0), report: progress}
	paths := Files(dir)
	writers := []func(io.Writer) (int, error){
		func(w io.Writer) (int, error) { return writeLines(ctx, w, NER(o), p) },
		func(w io.Writer) (int, error) { return writeArray(ctx, w, Cases(o), p) },
		func(w io.Writer) (int, error) { return writeArray(ctx, w, QA(o), p) },
	}
	var s Summary
	for i, write := range writers {
		file, err := writeFile(paths[i], write)
		if err != nil {
			return s, fmt.Errorf("write %s: %w", paths[i], err)
		}
		s.Files = append(s.Files, file)
	}
	s.Elapsed = time.Since(begin)
	return s, nil
}

// writeFile puts what write writes in the place of path, when all is written.
func writeFile(path string, write func(io.Writer) (int, error)) (_ File, err error) {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644))
	if err != nil {
		return File{}, err
	}
	defer f.Cleanup() //nolint:errcheck // nothing is left to do about a file that stays
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
	return File{Path: path, Records: n, Bytes: info.Size()}, f.CloseAtomicallyReplace()
}

// writeLines writes one JSON object a line.
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

// writeArray writes a JSON array with one record a line.
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

// marshal is json.Marshal that leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// counter tells about progress, at most every hundredth record.
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

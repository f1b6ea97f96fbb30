package distill

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// cacheVersion is part of every key; it changes with the format.
const cacheVersion = "1"

// Logits returns the teacher's logits for every record of a data file. They are computed
// once: dir caches them in a safetensors file named by the hashes of the teacher's
// files, the data file and the task, without any text. The second result reports whether
// they were cached; a damaged file is replaced, see Damaged. progress may be nil.
func (t *Teacher) Logits(ctx context.Context, records datasets.Records, dir string, progress func(done, total int)) ([]fusion.Logits, bool, error) {
	key, err := t.key(records)
	if err != nil {
		return nil, false, fmt.Errorf("teacher's cache: %w", err)
	}
	return t.cached(ctx, key, records.Texts, dir, progress)
}

// TextLogits is [Teacher.Logits] for texts that aren't a data file's records; the cached
// file is named by a hash of the texts.
func (t *Teacher) TextLogits(ctx context.Context, texts []datasets.Transcript, dir string, progress func(done, total int)) ([]fusion.Logits, bool, error) {
	key, err := t.textKey(texts)
	if err != nil {
		return nil, false, fmt.Errorf("teacher's cache: %w", err)
	}
	return t.cached(ctx, key, texts, dir, progress)
}

// cached reads the logits from the file of that key, or computes and stores them.
func (t *Teacher) cached(ctx context.Context, key string, texts []datasets.Transcript, dir string, progress func(done, total int)) ([]fusion.Logits, bool, error) {
	path := filepath.Join(dir, key+".safetensors")
	logits, err := t.read(path, len(texts))
	switch {
	case err == nil:
		return logits, true, nil
	case errors.Is(err, fs.ErrNotExist):
	case errors.As(err, new(*fs.PathError)): // it may be whole
		return nil, false, fmt.Errorf("teacher's cache: %w; let the file be read, or remove it to have it made anew", err)
	case t.Damaged != nil:
		t.Damaged(fmt.Errorf("teacher's cache: a file is damaged: %w", err))
	}
	if logits, err = t.predict(ctx, texts, progress); err != nil {
		return nil, false, err
	}
	if err := t.write(path, logits); err != nil {
		return nil, false, fmt.Errorf("teacher's cache: %w", err)
	}
	return logits, false, nil
}

// key hashes everything that the logits depend on.
func (t *Teacher) key(records datasets.Records) (string, error) {
	if records.Reviews.Replaced+records.Reviews.Added > 0 { // they aren't in the file
		return t.textKey(records.Texts)
	}
	return t.hashed(records.Tasks[0].Text, len(records.Texts), func(w io.Writer) error { return add(w, records.Path) })
}

// textKey is key for texts. Each is preceded by its length, so that no other texts have
// the same hash.
func (t *Teacher) textKey(texts []datasets.Transcript) (string, error) {
	return t.hashed("(texts)", len(texts), func(w io.Writer) error {
		for _, text := range texts {
			if _, err := fmt.Fprintf(w, "%d %s\n", len(text), string(text)); err != nil {
				return err
			}
		}
		return nil
	})
}

// hashed names a file by a hash of the teacher, the field and the number of texts, and
// what data writes.
func (t *Teacher) hashed(field string, texts int, data func(io.Writer) error) (string, error) {
	model, err := fusion.HashDir(t.dir)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s %s %d %s\n", cacheVersion, t.task.Name, field, texts, model)
	if err := data(hash); err != nil {
		return "", err
	}
	return t.task.Name + "-" + hex.EncodeToString(hash.Sum(nil)[:16]), nil
}

func add(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Names of a cache file's tensors. A token task has the number of words per record, and
// the span of each word; heads have one row per word or record.
const (
	countsName = "counts" // I64 [records]
	spansName  = "spans"  // I64 [words, 2]
)

func headName(h int) string { return fmt.Sprintf("logits.%d", h) }

func (t *Teacher) write(path string, logits []fusion.Logits) error {
	var counts, spans []int64
	heads := make([][]float32, len(t.task.Heads))
	for _, l := range logits {
		counts = append(counts, int64(len(l.Words)))
		for _, span := range l.Words {
			spans = append(spans, int64(span.Start), int64(span.End))
		}
		for h := range heads {
			heads[h] = append(heads[h], l.Values[h]...)
		}
	}
	tensors := []weights.Tensor{
		{Name: countsName, DType: weights.I64, Shape: []int64{int64(len(counts))}, Data: littleEndian(counts)},
		{Name: spansName, DType: weights.I64, Shape: []int64{int64(len(spans) / 2), 2}, Data: littleEndian(spans)},
	}
	for h, values := range heads {
		width := int64(len(t.task.Heads[h].Labels))
		tensors = append(tensors, weights.Tensor{
			Name: headName(h), DType: weights.F32, Shape: []int64{int64(len(values)) / width, width}, Data: littleEndian(values),
		})
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path)
	if err != nil {
		return err
	}
	defer f.Cleanup() //nolint:errcheck // after the replacement there is nothing to clean up
	if err := weights.WriteSafetensors(f, tensors, nil); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// read returns an error that is fs.ErrNotExist if there is no such file.
func (t *Teacher) read(path string, records int) (logits []fusion.Logits, err error) {
	file, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	counts, err := tensorOf[int64](file, path, countsName, weights.I64)
	if err != nil {
		return nil, err
	}
	spans, err := tensorOf[int64](file, path, spansName, weights.I64)
	if err != nil {
		return nil, err
	}
	if len(counts) != records {
		return nil, fmt.Errorf("%s speaks of %d records, not %d", path, len(counts), records)
	}
	logits = make([]fusion.Logits, records)
	for i, n := range counts {
		if n < 0 || n > int64(len(spans)/2) {
			return nil, fmt.Errorf("%s: record %d has %d words, more than there are", path, i+1, n)
		}
		for w := range n {
			logits[i].Words = append(logits[i].Words, tokenize.Span{Start: int(spans[2*w]), End: int(spans[2*w+1])})
		}
		spans = spans[2*n:]
	}
	if len(spans) > 0 {
		return nil, fmt.Errorf("%s: %d words more than its records have", path, len(spans)/2)
	}
	for h, head := range t.task.Heads {
		values, err := tensorOf[float32](file, path, headName(h), weights.F32)
		if err != nil {
			return nil, err
		}
		for i := range logits {
			size := t.task.Kind.Layout().Outputs(len(head.Labels), len(logits[i].Words))
			if size > len(values) {
				return nil, fmt.Errorf("%s: head %s ends at record %d", path, head.Name, i+1)
			}
			logits[i].Values = append(logits[i].Values, slices.Clip(values[:size]))
			values = values[size:]
		}
		if len(values) > 0 {
			return nil, fmt.Errorf("%s: head %s has %d logits more than its records", path, head.Name, len(values))
		}
	}
	return logits, nil
}

// littleEndian returns the bytes of numbers as in weight files.
func littleEndian[T int64 | float32](values []T) []byte {
	data := make([]byte, 0, binary.Size(values))
	data, _ = binary.Append(data, binary.LittleEndian, values) // can't fail for numbers
	return data
}

// tensorOf copies a tensor of that type from the file at path.
func tensorOf[T int64 | float32](file *weights.File, path, name string, dtype weights.DType) ([]T, error) {
	tensor, err := file.Tensor(name)
	if err != nil {
		return nil, err
	}
	if tensor.DType != dtype {
		return nil, fmt.Errorf("%s: tensor %s is %s, want %s", path, name, tensor.DType, dtype)
	}
	var one T
	values := make([]T, len(tensor.Data)/binary.Size(one))
	if _, err := binary.Decode(tensor.Data, binary.LittleEndian, values); err != nil {
		return nil, fmt.Errorf("%s: tensor %s: %w", path, name, err)
	}
	for _, v := range values {
		if !numbers.Finite(float64(v)) {
			return nil, fmt.Errorf("%s: tensor %s holds %v", path, name, v)
		}
	}
	return values, nil
}

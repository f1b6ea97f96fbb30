package weights

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestWritersRefuse(t *testing.T) {
	good := Tensor{Name: "w", DType: F32, Shape: []int64{2}, Data: make([]byte, 8)}
	tests := []struct {
		name    string
		tensors []Tensor
		want    string
	}{
		{"twice", []Tensor{good, good}, `named "w"`},
		{"data too short", []Tensor{{Name: "w", DType: F32, Shape: []int64{3}, Data: make([]byte, 8)}}, "takes 12 bytes"},
		{"no type", []Tensor{{Name: "w", Shape: []int64{2}, Data: make([]byte, 8)}}, "not supported"},
		{"negative size", []Tensor{{Name: "w", DType: F32, Shape: []int64{-2}}}, "negative"},
		{"reserved name", []Tensor{{Name: "__metadata__", DType: U8, Shape: []int64{0}}}, "__metadata__"},
		{"name not UTF-8", []Tensor{{Name: "\xff", DType: U8, Shape: []int64{0}}}, "UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, err := range []error{WritePT(io.Discard, tt.tensors), WriteSafetensors(io.Discard, tt.tensors, nil)} {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one with %q", err, tt.want)
				}
			}
		})
	}
}

func TestSafetensorsMetadata(t *testing.T) {
	given := map[string]string{"format": "other", "note": "kept"}
	var out bytes.Buffer
	if err := WriteSafetensors(&out, nil, given); err != nil {
		t.Fatal(err)
	}
	f, err := parseSafetensors(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Metadata(); got["format"] != "pt" || got["note"] != "kept" {
		t.Errorf("metadata %v", got)
	}
	if given["format"] != "other" {
		t.Error("the caller's map was changed")
	}
}

// brokenWriter fails after a number of bytes, as a full disk does.
type brokenWriter struct{ left int }

var errFull = errors.New("disk full")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return w.left, errFull
	}
	w.left -= len(p)
	return len(p), nil
}

func TestWritersReportAFullDisk(t *testing.T) {
	tensors := []Tensor{{Name: "w", DType: F32, Shape: []int64{4}, Data: make([]byte, 16)}}
	var pt, safe bytes.Buffer
	if err := errors.Join(WritePT(&pt, tensors), WriteSafetensors(&safe, tensors, nil)); err != nil {
		t.Fatal(err)
	}
	for n := range pt.Len() {
		if err := WritePT(&brokenWriter{n}, tensors); !errors.Is(err, errFull) {
			t.Errorf("WritePT, disk full after %d bytes: %v", n, err)
		}
	}
	for n := range safe.Len() {
		if err := WriteSafetensors(&brokenWriter{n}, tensors, nil); !errors.Is(err, errFull) {
			t.Errorf("WriteSafetensors, disk full after %d bytes: %v", n, err)
		}
	}
}

// The writers must not hold a second copy of the weights.
func TestWritersDontCopy(t *testing.T) {
	const size = 8 << 20
	tensors := []Tensor{{Name: "w", DType: F32, Shape: []int64{size / 4}, Data: make([]byte, size)}}
	for name, write := range map[string]func() error{
		"WritePT":          func() error { return WritePT(io.Discard, tensors) },
		"WriteSafetensors": func() error { return WriteSafetensors(io.Discard, tensors, nil) },
	} {
		result := testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				if err := write(); err != nil {
					b.Fatal(err)
				}
			}
		})
		if got := result.AllocedBytesPerOp(); got > size/8 {
			t.Errorf("%s allocates %d bytes for %d bytes of weights", name, got, size)
		}
	}
}

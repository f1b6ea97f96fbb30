package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/disktest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
)

// params are parameters p0, p1 and so on: matrices of these many rows.
func params(t *testing.T, rows ...int64) []torchx.Param {
	t.Helper()
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	for i, n := range rows {
		p.New(fmt.Sprintf("p%d", i), torchx.Uniform(1), n, 8)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return p.All()
}

func values(t *testing.T, list []torchx.Param) string {
	t.Helper()
	tensors, err := Tensors(list)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, tensor := range tensors {
		all = append(all, tensor.Data...)
	}
	return string(all)
}

// write stores parameters as a safetensors file.
func write(path string, list []torchx.Param) error {
	tensors, err := Tensors(list)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(weights.WriteSafetensors(f, tensors, nil), f.Close())
}

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.safetensors")
	saved, other := params(t, 3, 50), params(t, 3, 50)
	if values(t, saved) == values(t, other) {
		t.Fatal("the parameters are equal from the start")
	}
	if err := errors.Join(write(path, saved), Read(path, other)); err != nil {
		t.Fatal(err)
	}
	if values(t, saved) != values(t, other) {
		t.Error("what was read is not what was written")
	}
}

// What can't be read is one line that names the file.
func TestReadRefuses(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	if err := write(whole, params(t, 3, 50)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		content []byte
		into    []torchx.Param
		want    string
	}{
		"cut short":      {data[:len(data)/2], params(t, 3, 50), "cut short"},
		"empty":          {nil, params(t, 3, 50), "is empty"},
		"random bytes":   {bytes.Repeat([]byte{7, 9}, 500), params(t, 3, 50), "neither safetensors nor a PyTorch file"},
		"another size":   {data, params(t, 3, 51), "tensor p1: shape [50 8], want [51 8]"},
		"one tensor few": {data, params(t, 3, 50, 2), `"p2"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.safetensors")
			if err := os.WriteFile(path, test.content, 0o666); err != nil {
				t.Fatal(err)
			}
			err := Read(path, test.into)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q and %s", err, test.want, path)
			}
		})
	}
}

// A disk that is full anywhere in the file, even at its last byte, is an error.
func TestWriteOnAFullDisk(t *testing.T) {
	disktest.Alone(t, func() {
		path := filepath.Join(t.TempDir(), "state.safetensors")
		list := params(t, 3, 50)
		if err := write(path, list); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int64{0, 1, 8, 100, info.Size() / 2, info.Size() - 1} {
			var err error
			disktest.WithFileLimit(t, uint64(limit), func() { err = write(path, list) })
			if !errors.Is(err, syscall.EFBIG) || strings.Contains(err.Error(), "\n") {
				t.Errorf("room for %d bytes: error %v", limit, err)
			}
		}
	})
}

package tinymodel

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// OverflowWord is the word that makes a text overflow in a model changed by [Overflow].
const OverflowWord = "Kisumu"

// Overflow changes the model in dir, created by [Dir]: its weights stay finite, but the
// hidden states of texts with [OverflowWord], whose embedding has the largest finite
// numbers, aren't.
func Overflow(t testing.TB, dir string) {
	t.Helper()
	overflow(t, dir, len(special)+slices.Index(strings.Fields(Words), OverflowWord))
}

// OverflowAlways is [Overflow] for all texts.
func OverflowAlways(t testing.TB, dir string) {
	t.Helper()
	overflow(t, dir, slices.Index(special, "[CLS]"))
}

// overflow gives the token with that id an embedding of the largest finite numbers.
func overflow(t testing.TB, dir string, id int) {
	t.Helper()
	Change(t, dir, func(tensor *weights.Tensor) {
		if !strings.HasSuffix(tensor.Name, ".word_embeddings.weight") {
			return
		}
		row := 4 * int(tensor.Shape[1])
		for at := 0; at < row; at += 8 {
			binary.LittleEndian.PutUint32(tensor.Data[id*row+at:], math.Float32bits(math.MaxFloat32))
			binary.LittleEndian.PutUint32(tensor.Data[id*row+at+4:], math.Float32bits(-math.MaxFloat32))
		}
	})
}

// Spoil puts a NaN into the last element of a tensor of the model in dir.
func Spoil(t testing.TB, dir, name string) {
	t.Helper()
	Change(t, dir, func(tensor *weights.Tensor) {
		if tensor.Name == name {
			binary.LittleEndian.PutUint32(tensor.Data[len(tensor.Data)-4:], 0x7fc0_0000)
		}
	})
}

// Change rewrites the weights of the model in dir with change applied.
func Change(t testing.TB, dir string, change func(*weights.Tensor)) {
	t.Helper()
	file, err := weights.Open(filepath.Join(dir, fusion.SafetensorsFile))
	if err != nil {
		t.Fatal(err)
	}
	var tensors []weights.Tensor
	for _, name := range file.Names() {
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		tensor.Data = bytes.Clone(tensor.Data)
		change(&tensor)
		tensors = append(tensors, tensor)
	}
	metadata := file.Metadata()
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var safetensors, pt bytes.Buffer
	if err := weights.WriteSafetensors(&safetensors, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	if err := weights.WritePT(&pt, tensors); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{fusion.SafetensorsFile: safetensors.Bytes(), fusion.PTFile: pt.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

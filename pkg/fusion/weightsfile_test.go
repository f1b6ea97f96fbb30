package fusion

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/weights"
)

// PyTorch's two files in a folder must be one model: transformers trains the one on, and we
// read the other.
func TestTwoPyTorchFiles(t *testing.T) {
	change := func(tensor *weights.Tensor) {
		if tensor.Name == "classifier.bias" {
			tensor.Data[0] ^= 1
		}
	}
	rename := func(tensor *weights.Tensor) { // as old versions and wrappers do
		tensor.Name = "module." + strings.Replace(tensor.Name, "LayerNorm.weight", "LayerNorm.gamma", 1)
	}
	for name, test := range map[string]struct {
		pt   func(t *testing.T, dir string)
		want string // the file that is read; "" if the folder is refused
	}{
		"linked": {func(t *testing.T, dir string) {
			if err := os.Link(filepath.Join(dir, weights.BinFile), filepath.Join(dir, PTFile)); err != nil {
				t.Fatal(err)
			}
		}, PTFile},
		"copied":        {func(t *testing.T, dir string) { reweigh(t, dir, PTFile, func(*weights.Tensor) {}) }, PTFile},
		"renamed":       {func(t *testing.T, dir string) { reweigh(t, dir, PTFile, rename) }, PTFile},
		"another model": {func(t *testing.T, dir string) { reweigh(t, dir, PTFile, change) }, ""},
		"no model": {func(t *testing.T, dir string) {
			writePT(t, dir, []weights.Tensor{{Name: "a", DType: weights.F32, Shape: []int64{1}, Data: make([]byte, 4)}})
		}, weights.BinFile},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, filepath.Join(folders, "bin"))
			test.pt(t, dir)
			if test.want == "" {
				_, _, err := Load(dir, gotch.CPU)
				if err == nil || !strings.Contains(err.Error(), "model.pt and pytorch_model.bin are different models (tensor classifier.bias)") {
					t.Errorf("error %v", err)
				}
				return
			}
			file, err := openWeights(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := filepath.Base(file.Path()); got != test.want {
				t.Errorf("reads %s, want %s", got, test.want)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			m, _ := mustLoad(t, dir)
			expectFolderLogits(t, m, "bin")
		})
	}
	dir := copyDir(t, filepath.Join(folders, "sharded-bin"))
	reweigh(t, dir, PTFile, change)
	if _, _, err := Load(dir, gotch.CPU); err == nil || !strings.Contains(err.Error(), "model.pt and pytorch_model.bin.index.json are different models") {
		t.Errorf("shards: error %v", err)
	}
}

func writePT(t *testing.T, dir string, tensors []weights.Tensor) {
	t.Helper()
	var out bytes.Buffer
	if err := weights.WritePT(&out, tensors); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, PTFile), out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

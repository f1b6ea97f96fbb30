package weights

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files that scripts/golden/weights.py verify loads in Python")

// golden reads what PyTorch says that the named file of testdata holds, in
// name order.
func golden(t *testing.T, file string) []Tensor {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]map[string]struct {
		DType DType
		Shape []int64
		Hex   string
	}
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	var tensors []Tensor
	for name, want := range files[file] {
		data, err := hex.DecodeString(want.Hex)
		if err != nil {
			t.Fatal(err)
		}
		tensors = append(tensors, Tensor{Name: name, DType: want.DType, Shape: want.Shape, Data: data})
	}
	if len(tensors) == 0 {
		t.Fatalf("golden.json holds no tensors of %s", file)
	}
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return tensors
}

func checkHolds(t *testing.T, f *File, want []Tensor) {
	t.Helper()
	if got := len(f.Names()); got != len(want) {
		t.Errorf("%d tensors, want %d: %q", got, len(want), f.Names())
	}
	for _, w := range want {
		got, err := f.Tensor(w.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got.Name != w.Name || got.DType != w.DType || !slices.Equal(got.Shape, w.Shape) || !bytes.Equal(got.Data, w.Data) {
			t.Errorf("got  %+v\nwant %+v", got, w)
		}
		if err := got.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestReadsWhatPythonWrote(t *testing.T) {
	for _, name := range []string{"tensors.safetensors", "tensors.pt", "views.pt", "module.pt", "dict.pt", "legacy.pt", "legacy_views.pt"} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			checkHolds(t, f, golden(t, name))
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMetadataAndOrder(t *testing.T) {
	f, err := Open("testdata/tensors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Metadata()["format"]; got != "pt" {
		t.Errorf("format = %q, want pt", got)
	}
	pt, err := Open("testdata/module.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer pt.Close()
	want := []string{"linear.weight", "linear.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}
	if got := pt.Names(); !slices.Equal(got, want) {
		t.Errorf("names = %q, want %q", got, want)
	}
}

func TestClosedAndUnknown(t *testing.T) {
	f, err := Open("testdata/module.pt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tensor("nope"); err == nil || !strings.Contains(err.Error(), `"nope"`) {
		t.Errorf("an unknown name gave %v", err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.Tensor("linear.bias"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
}

func TestWriteSafetensorsEqualsPython(t *testing.T) {
	want, err := os.ReadFile("testdata/tensors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	tensors := golden(t, "tensors.safetensors")
	slices.Reverse(tensors) // the order given must not matter
	var got bytes.Buffer
	if err := WriteSafetensors(&got, tensors, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%q\nwant\n%q", got.Bytes(), want)
	}
	writeOrCompare(t, "testdata/written.safetensors", got.Bytes())
}

func TestWritePT(t *testing.T) {
	tensors := golden(t, "tensors.pt")
	var got bytes.Buffer
	if err := WritePT(&got, tensors); err != nil {
		t.Fatal(err)
	}
	writeOrCompare(t, "testdata/written.pt", got.Bytes())

	f, err := parsePT(got.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	checkHolds(t, f, tensors)
	for i, w := range tensors {
		if f.Names()[i] != w.Name {
			t.Errorf("tensor %d is %q, want %q", i, f.Names()[i], w.Name)
		}
	}
	for offset, name := range storageOffsets(t, got.Bytes()) {
		if offset%64 != 0 {
			t.Errorf("%s lies at byte %d, which is not a multiple of 64", name, offset)
		}
	}
}

// storageOffsets maps where each record of an archive's data lies to its name.
func storageOffsets(t *testing.T, archive []byte) map[int64]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	offsets := make(map[int64]string)
	for _, entry := range r.File {
		offset, err := entry.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		if entry.Method != zip.Store {
			t.Errorf("%s is compressed", entry.Name)
		}
		if strings.HasPrefix(entry.Name, "archive/data/") {
			offsets[offset] = entry.Name
		}
	}
	return offsets
}

// writeOrCompare compares with a file that Python was seen to load.
func writeOrCompare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the writer's output differs from %s; run with -update, then scripts/golden/weights.py verify", path)
	}
}

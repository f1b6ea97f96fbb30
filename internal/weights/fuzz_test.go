package weights

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func addFiles(f *testing.F, pattern string) {
	f.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds match %s: %v", pattern, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

func FuzzSafetensors(f *testing.F) {
	addFiles(f, "testdata/*.safetensors")
	f.Add(safetensors(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, 16))
	f.Fuzz(func(t *testing.T, data []byte) {
		if file, err := parseSafetensors(data); err == nil {
			checkRoundTrips(t, file)
		}
	})
}

func FuzzPT(f *testing.F) {
	addFiles(f, "testdata/*.pt")
	f.Fuzz(func(t *testing.T, data []byte) {
		if file, err := parsePT(data); err == nil {
			checkRoundTrips(t, file)
		}
	})
}

// FuzzPickle reaches deeper than FuzzPT, whose archive breaks at once.
func FuzzPickle(f *testing.F) {
	f.Add(pickleStateDict([]Tensor{
		{Name: "a", DType: F32, Shape: []int64{2, 8}, Data: make([]byte, 64)},
		{Name: "b", DType: I64, Shape: []int64{4}, Data: make([]byte, 32)},
	}))
	for _, view := range []string{
		rebuild("K\x00", "K\x02K\x02\x86", "K\x01K\x02\x86"),
		rebuild("K\x00", "K\x03\x85", "K\x00\x85"),
		"ctorch._utils\n_rebuild_parameter\n" + rebuild("K\x01", "K\x03\x85", "K\x01\x85") + "\x88" + aHooks + "\x87R",
	} {
		f.Add([]byte(aProto + "}X\x01\x00\x00\x00w" + view + "s."))
	}
	for _, name := range []string{"module.pt", "views.pt", "dict.pt", "attack.pt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		records, err := readArchive(data)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(records["data.pkl"])
	}
	records := map[string][]byte{"data/0": make([]byte, 16), "data/1": make([]byte, 64), "data/2": make([]byte, 96)}
	f.Fuzz(func(t *testing.T, pickled []byte) {
		root, err := unpickle(pickled)
		if err != nil {
			return
		}
		if file, err := stateDict(root, records); err == nil {
			checkRoundTrips(t, file)
		}
	})
}

// checkRoundTrips checks that every tensor of an accepted file is sound and
// survives both writers.
func checkRoundTrips(t *testing.T, file *File) {
	t.Helper()
	var tensors []Tensor
	for _, name := range file.Names() {
		if size, err := byteSize(file.views[name].dtype, file.views[name].shape); err != nil || size > 1<<20 {
			return // too slow to copy for every input
		}
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := tensor.Validate(); err != nil {
			t.Fatal(err)
		}
		tensors = append(tensors, tensor)
	}
	var pt, safe bytes.Buffer
	if err := WritePT(&pt, tensors); err != nil {
		if file.views[metadataKey].dtype != "" {
			return // a name that safetensors reserves
		}
		t.Fatal(err)
	}
	if err := WriteSafetensors(&safe, tensors, file.Metadata()); err != nil {
		t.Fatal(err)
	}
	fromPT, err := parsePT(pt.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	fromSafetensors, err := parseSafetensors(safe.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	checkHolds(t, fromPT, tensors)
	checkHolds(t, fromSafetensors, tensors)
}

package weights

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shard writes a file with tensors of these names, each of which holds two bytes: the
// file's number and the tensor's.
func shard(t *testing.T, path string, number byte, names ...string) {
	t.Helper()
	var tensors []Tensor
	for i, name := range names {
		tensors = append(tensors, Tensor{Name: name, DType: U8, Shape: []int64{2}, Data: []byte{number, byte(i)}})
	}
	var out bytes.Buffer
	if err := WriteSafetensors(&out, tensors, nil); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, out.Bytes())
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// twoShards is a folder with an index and two shards, one of them in a folder of its own.
func twoShards(t *testing.T, shardOf map[string]string) (index string) {
	t.Helper()
	dir := t.TempDir()
	shard(t, filepath.Join(dir, "one.safetensors"), 1, "a", "b", "both")
	shard(t, filepath.Join(dir, "more", "two.safetensors"), 2, "c", "both", "unlisted")
	data, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 12}, "weight_map": shardOf})
	if err != nil {
		t.Fatal(err)
	}
	index = filepath.Join(dir, SafetensorsIndex)
	writeFile(t, index, data)
	return index
}

func goodIndex() map[string]string {
	return map[string]string{"a": "one.safetensors", "b": "one.safetensors", "both": "more/two.safetensors", "c": "more/two.safetensors"}
}

func TestSharded(t *testing.T) {
	index := twoShards(t, goodIndex())
	f, err := OpenSharded(index)
	if err != nil {
		t.Fatal(err)
	}
	// The index says which of two tensors of a name counts; one that it doesn't name is there.
	for name, want := range map[string][]byte{"a": {1, 0}, "b": {1, 1}, "both": {2, 1}, "c": {2, 0}, "unlisted": {2, 2}} {
		tensor, err := f.Tensor(name)
		if err != nil || !bytes.Equal(tensor.Data, want) {
			t.Errorf("%s: %v, %v; want %v", name, tensor.Data, err, want)
		}
	}
	if got := slices.Sorted(slices.Values(f.Names())); !slices.Equal(got, []string{"a", "b", "both", "c", "unlisted"}) {
		t.Errorf("names %v", got)
	}
	dir := filepath.Dir(index)
	two := filepath.Join(dir, "more", "two.safetensors")
	if got, want := f.Paths(), []string{index, two, filepath.Join(dir, "one.safetensors")}; !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
	if f.Path() != index || f.Holder("c") != two || f.Holder("nothing") != "" {
		t.Errorf("path %s, c is in %s", f.Path(), f.Holder("c"))
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.Tensor("a"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
	if names, err := Shards(index); err != nil || !slices.Equal(names, []string{"more/two.safetensors", "one.safetensors"}) {
		t.Errorf("shards %v, %v", names, err)
	}
	if names, err := Shards(two); err != nil || names != nil {
		t.Errorf("shards of a single file: %v, %v", names, err)
	}
}

func TestShardedRefuses(t *testing.T) {
	change := func(name, shard string) map[string]string {
		changed := goodIndex()
		changed[name] = shard
		return changed
	}
	without := goodIndex()
	delete(without, "both")
	for name, test := range map[string]struct {
		index map[string]string
		wants []string
	}{
		"a shard that isn't there":   {change("a", "three.safetensors"), []string{"shard 3 of 3 is missing", "three.safetensors", "get all files again"}},
		"a tensor that isn't there":  {change("d", "one.safetensors"), []string{`tensor "d" isn't in one.safetensors`, "get all files again"}},
		"a tensor in another shard":  {change("a", "more/two.safetensors"), []string{`tensor "a" isn't in more/two.safetensors`}},
		"a tensor in two shards":     {without, []string{`tensor "both" is in two shards`}},
		"a shard outside the folder": {change("a", "../one.safetensors"), []string{`"../one.safetensors"`, "no file of this folder"}},
		"a shard with a whole path":  {change("a", "/etc/passwd"), []string{`"/etc/passwd"`, "no file of this folder"}},
		"a shard without a name":     {change("a", ""), []string{"no file of this folder"}},
		"a folder for a shard":       {change("a", "more"), []string{"not a regular file"}},
		"no tensors":                 {map[string]string{}, []string{"no weight_map"}},
		"itself":                     {map[string]string{"a": SafetensorsIndex}, []string{"neither safetensors nor a PyTorch file"}},
	} {
		t.Run(name, func(t *testing.T) {
			index := twoShards(t, test.index)
			f, err := OpenSharded(index)
			if err == nil {
				f.Close()
				t.Fatal("accepted")
			}
			for _, want := range append(test.wants, index) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want one with %q", err, want)
				}
			}
		})
	}
	for name, text := range map[string]string{
		"no JSON": "{", "a list": "[]", "a number for a shard": `{"weight_map": {"a": 1}}`, "null": "null",
	} {
		index := twoShards(t, goodIndex())
		writeFile(t, index, []byte(text))
		if _, err := OpenSharded(index); err == nil || !strings.Contains(err.Error(), "get it again") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	index := twoShards(t, goodIndex())
	if err := os.Truncate(index, maxIndex+1); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSharded(index); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a huge index: error %v", err)
	}
}

// FuzzIndex: an index that is read names files of its folder alone.
func FuzzIndex(f *testing.F) {
	for _, s := range []string{`{"weight_map": {"a": "b"}}`, `{"weight_map": {"a": "../b"}}`, `{"weight_map": {"a": "/b"}}`, `{"weight_map": {"a": "b/../../c"}}`, `{"weight_map": null}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		shardOf, err := parseIndex(data)
		if err != nil {
			return
		}
		for shard := range maps.Values(shardOf) {
			if path := filepath.Join("/folder", shard); !strings.HasPrefix(path, "/folder/") && path != "/folder" {
				t.Errorf("shard %q is outside", shard)
			}
		}
	})
}

func TestOpenFirst(t *testing.T) {
	dir := t.TempDir()
	shard(t, filepath.Join(dir, "one"), 1, "module.a", "_orig_mod.b")
	shard(t, filepath.Join(dir, "two"), 2, "a")
	has := func(name string) func(*File) bool {
		return func(f *File) bool { return slices.Contains(f.Names(), name) }
	}
	for name, test := range map[string]struct {
		names []string
		suits func(*File) bool
		want  string // the file's name; "" for none
	}{
		"the first":                {[]string{"one", "two"}, has("a"), "one"},
		"in the order of names":    {[]string{"none", "two", "one"}, has("a"), "two"},
		"the first that suits":     {[]string{"two", "one"}, has("b"), "one"},
		"the first if none suits":  {[]string{"two", "one"}, has("c"), "two"},
		"none":                     {[]string{"none"}, has("a"), ""},
		"no names":                 {nil, has("a"), ""},
		"the first of no use only": {[]string{"two", "none"}, has("b"), "two"},
	} {
		f, err := OpenFirst(dir, test.names, test.suits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ""
		if f != nil {
			got = filepath.Base(f.Path())
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	writeFile(t, filepath.Join(dir, "damaged"), []byte("?"))
	shard(t, filepath.Join(dir, "twins"), 3, "module.a", "a")
	for broken, want := range map[string]string{"damaged": "neither safetensors", "twins": "tensors"} {
		for _, names := range [][]string{{broken, "two"}, {"two", broken}} {
			if _, err := OpenFirst(dir, names, has("b")); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), broken) {
				t.Errorf("%v: error %v, want one with %q", names, err, want)
			}
		}
	}
}

func TestPlainName(t *testing.T) {
	for name, want := range map[string]string{
		"a.weight":                          "a.weight",
		"module.a.weight":                   "a.weight",
		"_orig_mod.a.weight":                "a.weight",
		"module._orig_mod.a.weight":         "a.weight",
		"_orig_mod.module.module.a.weight":  "a.weight",
		"a._orig_mod.b.weight":              "a.b.weight",
		"_fsdp_wrapped_module.a.weight":     "a.weight",
		"a._checkpoint_wrapped_module.bias": "a.bias",
		"modules.a.weight":                  "modules.a.weight",
		"module":                            "module",
		"a.module":                          "a.module",
		"":                                  "",
	} {
		if got := PlainName(name); got != want {
			t.Errorf("PlainName(%q) = %q, want %q", name, got, want)
		}
	}
}

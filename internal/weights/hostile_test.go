package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// safetensors returns a file with the given header and payload.
func safetensors(header string, payload int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	data = append(data, header...)
	return append(data, make([]byte, payload)...)
}

func TestHostileSafetensors(t *testing.T) {
	const f4 = `{"dtype":"F32","shape":[4],"data_offsets":[0,16]}`
	tests := []struct {
		name string
		data []byte
		want string // in the error
	}{
		{"nothing", nil, "only 0 bytes"},
		{"shorter than the length", []byte("abc"), "only 3 bytes"},
		{"text", []byte("<!DOCTYPE html><html></html>"), "neither safetensors nor"},
		{"length only", binary.LittleEndian.AppendUint64(nil, 2), "neither safetensors nor"},
		{"huge header", append(binary.LittleEndian.AppendUint64(nil, 1<<63), '{', '}'), "at most 100000000"},
		{"largest header", append(binary.LittleEndian.AppendUint64(nil, 1<<64-1), '{', '}'), "at most 100000000"},
		{"header beyond the file", append(binary.LittleEndian.AppendUint64(nil, 99_999_999), '{', '}'), "cut short"},
		{"header ends early", safetensors(`{"a":{"dtype":"F32"`, 0), "header"},
		{"not an object", safetensors(`{"a":3}`, 0), `tensor "a"`},
		{"deep nesting", safetensors(`{"a":`+strings.Repeat("[", 100_000)+`}`, 0), `tensor "a"`},
		{"not UTF-8", safetensors("{\"\xff\":"+f4+"}", 16), "UTF-8"},
		{"trailing text", safetensors(`{"a":`+f4+`} x`, 16), "header"},
		{"two objects", safetensors(`{"a":`+f4+`}{}`, 16), "follows"},
		{"name twice", safetensors(`{"a":`+f4+`,"a":`+f4+`}`, 16), "twice"},
		{"metadata twice", safetensors(`{"__metadata__":{},"__metadata__":{}}`, 0), "twice"},
		{"metadata not text", safetensors(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
		{"unknown type", safetensors(`{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}`, 2), `"F4"`},
		{"no shape", safetensors(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "needed"},
		{"one offset", safetensors(`{"a":{"dtype":"F32","shape":[],"data_offsets":[4]}}`, 4), "needed"},
		{"three offsets", safetensors(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4,8]}}`, 4), "needed"},
		{"null", safetensors(`{"a":null}`, 0), "needed"},
		{"negative size", safetensors(`{"a":{"dtype":"F32","shape":[-1,-4],"data_offsets":[0,16]}}`, 16), "negative"},
		{"size overflows", safetensors(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]}}`, 16), "counted"},
		{"bytes overflow", safetensors(`{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}`, 0), "counted"},
		{"number overflows", safetensors(`{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,16]}}`, 16), `tensor "a"`},
		{"fraction", safetensors(`{"a":{"dtype":"F32","shape":[4.5],"data_offsets":[0,16]}}`, 16), `tensor "a"`},
		{"too many dimensions", safetensors(`{"a":{"dtype":"U8","shape":[1`+strings.Repeat(",1", 64)+`],"data_offsets":[0,1]}}`, 1), "dimensions"},
		{"wrong size", safetensors(`{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}}`, 16), "takes 20 bytes"},
		{"negative offset", safetensors(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}`, 16), "out of order"},
		{"offsets reversed", safetensors(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}`, 16), "out of order"},
		{"payload cut short", safetensors(`{"a":`+f4+`}`, 15), "cut short"},
		{"gap before", safetensors(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[4,20]}}`, 20), "begins at 4"},
		{"overlap", safetensors(`{"a":`+f4+`,"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}`, 24), "begins at 8"},
		{"same place", safetensors(`{"a":`+f4+`,"b":`+f4+`}`, 16), "begins at 0"},
		{"bytes left over", safetensors(`{"a":`+f4+`}`, 17), "end at 16"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkRefused(t, parseSafetensors, tt.data, tt.want)
		})
	}
}

func TestSoundSafetensorsAtTheEdges(t *testing.T) {
	tests := []struct {
		name    string
		data    []byte
		tensors int
	}{
		{"no tensors", safetensors(`{}`, 0), 0},
		{"only metadata", safetensors(`{"__metadata__":{"a":"b"}}`, 0), 0},
		{"padded", safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}    `, 1), 1},
		{"empty tensors between", safetensors(`{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"c":{"dtype":"I64","shape":[0],"data_offsets":[2,2]},"a":{"dtype":"F32","shape":[9223372036854775807,9,0],"data_offsets":[0,0]}}`, 2), 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := parseSafetensors(tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(f.Names()); got != tt.tensors {
				t.Errorf("%d tensors, want %d", got, tt.tensors)
			}
		})
	}
}

func checkRefused(t *testing.T, parse func([]byte) (*File, error), data []byte, want string) {
	t.Helper()
	f, err := parse(data)
	if err == nil {
		t.Fatalf("accepted, with tensors %q", f.Names())
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want one with %q", err, want)
	}
}

// Every prefix of a sound file is an error, never a crash.
func TestTruncatedFiles(t *testing.T) {
	for _, name := range []string{"tensors.safetensors", "tensors.pt", "views.pt", "legacy.pt", "legacy_views.pt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for n := range data {
			for _, parse := range []func([]byte) (*File, error){parseSafetensors, parsePT} {
				if _, err := parse(data[:n]); err == nil {
					t.Errorf("the first %d of %d bytes of %s were accepted", n, len(data), name)
				}
			}
		}
	}
}

// A file of the old format whose numbers don't fit each other is an error.
func TestDamagedLegacyFiles(t *testing.T) {
	data, err := os.ReadFile("testdata/legacy.pt")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ was, is, want string }{
		"another version":    {"\x80\x02M\xe9\x03.", "\x80\x02M\xe8\x03.", "version is not supported"},
		"another byte order": {"little_endianq\x02\x88", "little_endianq\x02\x89", "not little-endian"},
		"another count":      {"\x06\x00\x00\x00\x00\x00\x00\x00", "\x07\x00\x00\x00\x00\x00\x00\x00", "should hold 6 elements, but has 7"},
	} {
		t.Run(name, func(t *testing.T) {
			if !bytes.Contains(data, []byte(test.was)) {
				t.Fatalf("the file has no %q", test.was)
			}
			_, err := parsePT(bytes.Replace(data, []byte(test.was), []byte(test.is), 1))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "before 1.6") {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestRefusedPyTorchFiles(t *testing.T) {
	tests := []struct{ file, want string }{
		{"attack.pt", `"posix.system"`},
		{"checkpoint.pt", `entry "epoch" is an int`},
		{"whole_module.pt", `"__main__.Module"`},
		{"complex.pt", `"torch.ComplexFloatStorage"`},
		{"tensor.pt", "holds a tensor"},
		{"protocol4.pt", "protocol 4"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", tt.file))
			if err == nil {
				f.Close()
				t.Fatal("accepted")
			}
			for _, want := range []string{tt.want, tt.file} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want one with %q", err, want)
				}
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
	for name, text := range map[string]string{"empty": "", "pointer": pointer} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ path, want string }{
		{filepath.Join(dir, "missing"), "no such file"},
		{dir, "not a regular file"},
		{filepath.Join(dir, "empty"), "is empty"},
		{filepath.Join(dir, "pointer"), "git lfs pull"},
	}
	for _, tt := range tests {
		if _, err := Open(tt.path); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("error %v, want one with %q and the path", err, tt.want)
		}
	}
}

// archiveOf returns a zip archive of stored entries, changed by edit.
func archiveOf(t *testing.T, entries []record, edit func(*zip.FileHeader)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Store, CompressedSize64: uint64(len(e.data)), UncompressedSize64: uint64(len(e.data))}
		if edit != nil {
			edit(h)
		}
		entry, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileArchives(t *testing.T) {
	pickled := pickleStateDict([]Tensor{{Name: "w", DType: F32, Shape: []int64{4}, Data: make([]byte, 16)}})
	sound := []record{{"a/data.pkl", pickled}, {"a/data/0", make([]byte, 16)}}
	with := func(extra ...record) []record { return append(sound[:2:2], extra...) }

	if _, err := parsePT(archiveOf(t, sound, nil)); err != nil {
		t.Fatalf("the sound archive: %v", err)
	}
	bomb := func(h *zip.FileHeader) { h.Method, h.UncompressedSize64 = zip.Deflate, 1<<40 }
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"no entries", archiveOf(t, nil, nil), "no data.pkl"},
		{"no data.pkl", archiveOf(t, sound[1:], nil), "no data.pkl"},
		{"zip bomb", archiveOf(t, sound, bomb), "compressed"},
		{"stored bomb", archiveOf(t, sound, func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 40 }), "compressed"},
		{"encrypted", archiveOf(t, sound, func(h *zip.FileHeader) { h.Flags |= 1 }), "encrypted"},
		{"entry beyond the file", archiveOf(t, sound, func(h *zip.FileHeader) { h.CompressedSize64, h.UncompressedSize64 = 1<<20, 1<<20 }), "cut short"},
		{"entry of 16 EiB", archiveOf(t, sound, func(h *zip.FileHeader) { h.CompressedSize64, h.UncompressedSize64 = 1<<64-1, 1<<64-1 }), "cut short"},
		{"entries overlap", archiveOf(t, sound, func(h *zip.FileHeader) {
			if h.Name == "a/data.pkl" {
				h.CompressedSize64 += 40
				h.UncompressedSize64 += 40
			}
		}), "overlap"},
		{"entry twice", archiveOf(t, with(sound[1]), nil), "twice"},
		{"another folder", archiveOf(t, with(record{"b/data.pkl", pickled}), nil), "outside the folder"},
		{"parent folder", archiveOf(t, with(record{"../data/0", nil}), nil), "outside the folder"},
		{"big-endian", archiveOf(t, with(record{"a/byteorder", []byte("big")}), nil), "byte order"},
		{"storage missing", archiveOf(t, sound[:1], nil), "not in the archive"},
		{"storage too short", archiveOf(t, []record{sound[0], {"a/data/0", make([]byte, 12)}}, nil), "12 bytes"},
		{"storage too long", archiveOf(t, []record{sound[0], {"a/data/0", make([]byte, 20)}}, nil), "20 bytes"},
		{"pickle too long", archiveOf(t, []record{{"a/data.pkl", make([]byte, maxPickle+1)}}, nil), "at most"},
		{"empty pickle", archiveOf(t, []record{{"a/data.pkl", nil}}, nil), "ends in the middle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkRefused(t, parsePT, tt.data, tt.want)
		})
	}
}

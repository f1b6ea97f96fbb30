package textfile

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trident-nlp/trident/internal/filetest"
)

// What the bzip2 command makes of "text\nHello\n" and of nothing; the standard
// library only decompresses.
const (
	bzip2Text  = "QlpoOTFBWSZTWbXxSrsAAATFgAAQAEACBIRAIAAiB6aghgF0I1yeLuSKcKEha+KVdg=="
	bzip2Empty = "QlpoORdyRThQkAAAAAA="
)

func unbase64(t testing.TB, text string) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// read reads all of an input.
func read(in io.Reader, o Options) (string, *Reader, error) {
	r, err := NewReader(in, o)
	if err != nil {
		return "", nil, err
	}
	text, err := io.ReadAll(r)
	return string(text), r, err
}

func TestRead(t *testing.T) {
	const text = "text\nHello\n"
	long := strings.Repeat("A long line. ", 20000)
	for name, test := range map[string]struct {
		input, want string
		compressed  bool
	}{
		"nothing":               {"", "", false},
		"text":                  {text, text, false},
		"one byte":              {"x", "x", false},
		"mark":                  {mark + text, text, false},
		"only a mark":           {mark, "", false},
		"two marks":             {mark + mark + text, mark + text, false},
		"long line":             {long, long, false},
		"half a mark":           {"\xef\xbb", "\xef\xbb", false},
		"Latin-1":               {"caf\xe9 \xff\xfe\n", "caf\xe9 \xff\xfe\n", false},
		"Latin-1, longer":       {"Garc\xeda llam\xf3 por la ma\xf1ana; est\xe1 en la monta\xf1a.\n", "Garc\xeda llam\xf3 por la ma\xf1ana; est\xe1 en la monta\xf1a.\n", false},
		"NUL later":             {"text\na\x00b\n", "text\na\x00b\n", false},
		"control":               {"a\x01 bell\x07 and \x1b[31m colour\v\f\r\n", "a\x01 bell\x07 and \x1b[31m colour\v\f\r\n", false},
		"Amharic":               {strings.Repeat("ሰላም ", 30), strings.Repeat("ሰላም ", 30), false},
		"looks like bzip2":      {"BZh9 is how bzip2 begins\n", "BZh9 is how bzip2 begins\n", false},
		"looks like Parquet":    {"PAR1: hello\n", "PAR1: hello\n", false},
		"looks like XML within": {"Caller: <?xml is odd\n", "Caller: <?xml is odd\n", false},
		"gzip":                  {filetest.Gzip(t, text), text, true},
		"gzip, mark":            {filetest.Gzip(t, mark+text), text, true},
		"gzip, several members": {filetest.Gzip(t, text) + filetest.Gzip(t, "and more"), text + "and more", true},
		"gzip, empty":           {filetest.Gzip(t, ""), "", true},
		"zstd":                  {filetest.Zstandard(t, text), text, true},
		"zstd, several frames":  {"\x51\x2a\x4d\x18\x02\x00\x00\x00xx" + filetest.Zstandard(t, text) + filetest.Zstandard(t, long), text + long, true},
		"bzip2":                 {unbase64(t, bzip2Text), text, true},
		"bzip2, empty":          {unbase64(t, bzip2Empty), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{"at once": strings.NewReader(test.input), "byte by byte": iotest.OneByteReader(strings.NewReader(test.input))} {
				got, r, err := read(in, Options{})
				if err != nil || got != test.want || r.Compressed() != test.compressed {
					t.Errorf("%s: %d bytes, %v; want %d", how, len(got), err, len(test.want))
				}
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	for name, test := range map[string]struct{ input, want string }{
		"UTF-16":                   {"\xff\xfeh\x00i\x00", "this is UTF-16; save it as UTF-8"},
		"UTF-16, big-endian":       {"\xfe\xff\x00h\x00i", "this is UTF-16; save it as UTF-8"},
		"UTF-16, no mark":          {"t\x00e\x00x\x00t\x00\n\x00h\x00i\x00", "this looks like UTF-16 without a byte order mark; save it as UTF-8"},
		"UTF-16, no mark, big":     {"\x00t\x00e\x00x\x00t\x00\n\x00h\x00i", "this looks like UTF-16 without a byte order mark; save it as UTF-8"},
		"UTF-16, Arabic, no mark":  {"E\x06'\x06 \x003\x065\x06G\x06+\x06,\x06-\x06\n\x00", "it holds NUL bytes, as UTF-16 and binary files do; save it as UTF-8 text"},
		"UTF-32":                   {"\xff\xfe\x00\x00h\x00\x00\x00", "this is UTF-32; save it as UTF-8"},
		"NUL":                      {"te\x00xt and more text", "it holds NUL bytes, as UTF-16 and binary files do; save it as UTF-8 text"},
		"xlsx":                     {"PK\x03\x04\x14\x00\x06\x00", zip},
		"an empty zip":             {"PK\x05\x06" + strings.Repeat("\x00", 18), zip},
		"xls":                      {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "this is an old Microsoft Office file (.xls, .doc); save it as CSV in UTF-8"},
		"Parquet":                  {"PAR1\x15\x04\x15", "this is Parquet; " + asJSONL},
		"Feather":                  {"ARROW1\x00\x00\xff\xff\xff\xff", "this is Arrow (Feather); " + asJSONL},
		"SQLite":                   {"SQLite format 3\x00\x10", "this is an SQLite database; write its table as CSV (sqlite3 -csv -header)"},
		"pickle":                   {"\x80\x04\x95\x0b", pickle},
		"PDF":                      {"%PDF-1.7\n%\xe2\xe3", "this is PDF; save its text as UTF-8"},
		"RTF":                      {`{\rtf1\ansi hello}`, "this is RTF; save its text as UTF-8"},
		"xz":                       {"\xfd7zXZ\x00\x00", "this is xz; decompress it first (xz -d)"},
		"lz4":                      {"\x04\x22\x4d\x18\x64\x40", "this is lz4; decompress it first (lz4 -d)"},
		"tar":                      {"calls.txt" + strings.Repeat("\x00", 248) + "ustar\x0000", "this is a tar archive; unpack it"},
		"HTML as xls":              {mark + " <HTML xmlns:x=\"urn:schemas-microsoft-com:office:excel\">\n", markup},
		"XML":                      {"<?xml version=\"1.0\"?>\n", markup},
		"LFS":                      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "this is Git LFS's pointer to a file; fetch the file (git lfs pull)"},
		"picture":                  {"\x89PNG\r\n\x1a\n", recording},
		"recording":                {"ID3\x04\x00\x00\x00", recording},
		"Cyrillic in another code": {strings.Repeat("\xcf\xf0\xe8\xe2\xe5\xf2 ", 10) + "\n", "60 of its first 70 bytes aren't UTF-8 text: it is in another encoding, or no text; save it as UTF-8"},
		"gzip in gzip":             {filetest.Gzip(t, filetest.Gzip(t, "x")), "this is gzip inside of gzip; decompress it once"},
		"tar.gz":                   {filetest.Gzip(t, "calls.txt"+strings.Repeat("\x00", 248)+"ustar\x0000"), "in the gzip data: this is a tar archive; unpack it"},
	} {
		t.Run(name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{"at once": strings.NewReader(test.input), "byte by byte": iotest.OneByteReader(strings.NewReader(test.input))} {
				_, _, err := read(in, Options{})
				if err == nil || err.Error() != test.want || !errors.As(err, new(*Refused)) {
					t.Errorf("%s: error %v, want %q", how, err, test.want)
				}
			}
		})
	}
}

func TestDamaged(t *testing.T) {
	text := strings.Repeat("Hello, my name is Amina.\n", 200)
	for name, test := range map[string]struct{ input, want string }{
		"gzip, cut off":  {filetest.Gzip(t, text)[:40], "the gzip data end too early; is the file whole?"},
		"gzip, header":   {"\x1f\x8b\x08", "the gzip data end too early; is the file whole?"},
		"gzip, changed":  {strings.Replace(filetest.Gzip(t, text), filetest.Gzip(t, text)[30:34], "\xff\xff\xff\xff", 1), "the gzip data are damaged: "},
		"zstd, cut off":  {filetest.Zstandard(t, text)[:20], "the zstd data end too early; is the file whole?"},
		"bzip2, cut off": {unbase64(t, bzip2Text)[:30], "the bzip2 data end too early; is the file whole?"},
	} {
		_, _, err := read(strings.NewReader(test.input), Options{})
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "Amina") {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

// A failing disk isn't damaged data, whatever is read.
func TestReadError(t *testing.T) {
	broken := errors.New("the disk is broken")
	for name, input := range map[string]string{"nothing": "", "text": "text\n", "gzip": filetest.Gzip(t, "text\n")[:12], "zstd": filetest.Zstandard(t, "text\n")[:6], "bzip2": unbase64(t, bzip2Text)[:20]} {
		_, _, err := read(io.MultiReader(strings.NewReader(input), iotest.ErrReader(broken)), Options{})
		if !errors.Is(err, broken) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// zeros are bytes that compress a thousandfold.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	z.left -= n
	return n, nil
}

func TestUnpackedLimit(t *testing.T) {
	const size = 8 << 20
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.Copy(w, &zeros{size}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _, err := read(bytes.NewReader(packed.Bytes()), Options{MaxUnpacked: size}); err != nil || len(got) != size {
		t.Errorf("as much as may be: %d bytes, %v", len(got), err)
	}
	got, _, err := read(bytes.NewReader(packed.Bytes()), Options{MaxUnpacked: size / 2})
	if want := "the gzip data unpack to more than 4 MiB; decompress the file, if that is right"; err == nil || err.Error() != want || len(got) > size/2 {
		t.Errorf("%d bytes, %v; want %q", len(got), err, want)
	}
	if got, _, err := read(&zeros{size}, Options{MaxUnpacked: 10}); err != nil || len(got) != size {
		t.Errorf("a limit for what isn't compressed: %d bytes, %v", len(got), err)
	}
}

// A pipe is waited for only until its first line is there.
func TestPipe(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, "Hello\n")
	if err := errors.Join(err, w.Flush()); err != nil {
		t.Fatal(err)
	}
	for name, first := range map[string]string{"a line": "Hello\n", "gzip": packed.String()} {
		in, feed := io.Pipe()
		go func() { _, _ = io.WriteString(feed, first) }() // and nothing more
		r, err := NewReader(in, Options{})
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 6)
		if _, err := io.ReadFull(r, line); err != nil || string(line) != "Hello\n" {
			t.Errorf("%s: %q, %v", name, line, err)
		}
		in.Close()
	}
}

func TestTrimExtension(t *testing.T) {
	for name, want := range map[string]string{
		"calls.csv.gz": "calls.csv", "calls.JSONL.GZ": "calls.JSONL", "a/b.txt.zst": "a/b.txt", "c.tsv.bz2": "c.tsv", "calls.csv": "calls.csv", "calls.gz": "calls", "gz": "gz", ".gz": "",
	} {
		if got := TrimExtension(name); got != want {
			t.Errorf("%s becomes %q, want %q", name, got, want)
		}
	}
}

// FuzzReader: whatever comes, it is read as it stands, or refused in one line
// that holds nothing of it.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", mark + "text\n", "\xff\xfea\x00", filetest.Gzip(f, "text"), filetest.Zstandard(f, "text"), unbase64(f, bzip2Text), "PK\x03\x04", "a\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		got, r, err := read(bytes.NewReader(input), Options{MaxUnpacked: 1 << 20})
		switch {
		case err != nil:
			if len(err.Error()) > 250 || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("error %q", err)
			}
		case r.Compressed():
			if len(got) > 1<<20 {
				t.Errorf("%d bytes", len(got))
			}
		case got != string(bytes.TrimPrefix(input, []byte(mark))):
			t.Errorf("%q is read as %q", input, got)
		}
	})
}

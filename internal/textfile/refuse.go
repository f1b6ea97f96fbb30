package textfile

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// kind is a kind of file that isn't supported, recognised by bytes at an offset.
type kind struct {
	magic string
	at    int
	what  string // what it is, and what to do
}

// What to do about some kinds.
const (
	asCSV     = "save it as CSV in UTF-8"
	asJSONL   = "write its records as JSON lines (in pandas: to_json(…, orient=\"records\", lines=True))"
	asText    = "save its text as UTF-8"
	recording = "this is a recording or a picture, not a transcript"
	zip       = "this is a zip archive, as .xlsx, .ods and .docx files are: save a spreadsheet as CSV in UTF-8, a document as text; unpack an archive"
	markup    = "this is HTML or XML, as some programs call .xls; " + asCSV
)

// kinds are the likely ones, in the order in which they are tested. The bytes are from the
// formats' specifications, and no text begins with them: hence the NUL and control
// characters.
var kinds = []kind{
	{"\xff\xfe\x00\x00", 0, "this is UTF-32; save it as UTF-8"},
	{"\x00\x00\xfe\xff", 0, "this is UTF-32; save it as UTF-8"},
	{"\xff\xfe", 0, utf16},
	{"\xfe\xff", 0, utf16},
	{"PK\x03\x04", 0, zip},
	{"PK\x05\x06", 0, zip},
	{"PK\x07\x08", 0, zip},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "this is an old Microsoft Office file (.xls, .doc); " + asCSV},
	{"PAR1\x15", 0, "this is Parquet; " + asJSONL},
	{"ARROW1\x00\x00", 0, "this is Arrow (Feather); " + asJSONL},
	{"FEA1\x00", 0, "this is Feather; " + asJSONL},
	{"Obj\x01", 0, "this is Avro; " + asJSONL},
	{"SQLite format 3\x00", 0, "this is an SQLite database; write its table as CSV (sqlite3 -csv -header)"},
	{"\x89HDF", 0, "this is HDF5; " + asJSONL},
	{"\x93NUMPY", 0, "this is a NumPy array; " + asJSONL},
	{"\x80\x02", 0, pickle},
	{"\x80\x03", 0, pickle},
	{"\x80\x04", 0, pickle},
	{"\x80\x05", 0, pickle},
	{"%PDF-", 0, "this is PDF; " + asText},
	{`{\rtf`, 0, "this is RTF; " + asText},
	{"\xfd7zXZ\x00", 0, "this is xz; decompress it first (xz -d)"},
	{"\x04\x22\x4d\x18", 0, "this is lz4; decompress it first (lz4 -d)"},
	{"LZIP\x01", 0, "this is lzip; decompress it first (lzip -d)"},
	{"\x1f\x9d", 0, "this is compress's .Z; decompress it first (gzip -d)"},
	{"\xff\x06\x00\x00sNaPpY", 0, "this is Snappy; decompress it first"},
	{"7z\xbc\xaf\x27\x1c", 0, "this is a 7z archive; unpack it"},
	{"Rar!\x1a\x07", 0, "this is a rar archive; unpack it"},
	{"ustar", 257, "this is a tar archive; unpack it"},
	{"version https://git-lfs.github.com/spec/", 0, "this is Git LFS's pointer to a file; fetch the file (git lfs pull)"},
	{"\x89PNG", 0, recording},
	{"\xff\xd8\xff", 0, recording},
	{"GIF87a", 0, recording},
	{"GIF89a", 0, recording},
	{"OggS\x00", 0, recording},
	{"fLaC\x00", 0, recording},
	{"ID3\x02", 0, recording},
	{"ID3\x03", 0, recording},
	{"ID3\x04", 0, recording},
	{"\x1a\x45\xdf\xa3", 0, recording}, // Matroska, WebM
}

const (
	utf16  = "this is UTF-16; save it as UTF-8"
	pickle = "this is a pickle, which may run code; " + asJSONL
)

// known returns the unsupported kind with these bytes, or nil.
func known(head []byte) error {
	for _, k := range kinds {
		if len(head) >= k.at && bytes.HasPrefix(head[k.at:], []byte(k.magic)) {
			return &Refused{k.what}
		}
	}
	start := strings.ToLower(string(bytes.TrimLeft(head[:min(len(head), 64)], mark+" \t\r\n")))
	for _, tag := range []string{"<?xml", "<!doctype html", "<html"} {
		if strings.HasPrefix(start, tag) {
			return &Refused{markup}
		}
	}
	return nil
}

// check returns an error if an input's beginning isn't UTF-8 text. line is its first line.
// A few invalid bytes are allowed.
func check(head, line []byte) error {
	if err := known(head); err != nil {
		return err
	}
	if nuls := bytes.Count(line, []byte{0}); nuls > 0 {
		if evenly(line, nuls) {
			return &Refused{"this looks like UTF-16 without a byte order mark; save it as UTF-8"}
		}
		return &Refused{"it holds NUL bytes, as UTF-16 and binary files do; save it as UTF-8 text"}
	}
	if odd := oddBytes(line); len(line) >= 32 && 3*odd > len(line) {
		return &Refused{fmt.Sprintf("%d of its first %d bytes aren't UTF-8 text: it is in another encoding, or no text; save it as UTF-8", odd, len(line))}
	}
	return nil
}

// evenly reports whether most of every other byte is NUL, as in UTF-16 of a Latin script.
func evenly(line []byte, nuls int) bool {
	var at [2]int
	for i, b := range line {
		if b == 0 {
			at[i%2]++
		}
	}
	return max(at[0], at[1]) == nuls && 4*nuls >= len(line)-1
}

// oddBytes counts control characters that are unusual in text, and invalid UTF-8. The limit
// of a third is Perl's rule for -B.
func oddBytes(line []byte) int {
	n := 0
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if r == utf8.RuneError && size == 1 || r < ' ' && !strings.ContainsRune("\t\v\f\r\b\x1b", r) || r == 0x7f {
			n++
		}
		line = line[size:]
	}
	return n
}

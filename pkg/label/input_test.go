package label

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/filetest"
)

// readAll returns the calls before the first error, and that.
func readAll(list records) (all []record, err error) {
	for r, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
	return all, nil
}

// show writes calls as "id:text|id:text".
func show(all []record) string {
	var parts []string
	for _, r := range all {
		part := string(r.text)
		if r.id != nil {
			part = fmt.Sprintf("%T %v:%s", r.id, r.id, part)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "|")
}

func TestReadInput(t *testing.T) {
	tests := map[string]struct {
		format, input string
		want          string
		err           string
	}{
		"lines":                  {"lines", "one\ntwo\n", "one|two", ""},
		"lines, no last break":   {"lines", "one\ntwo", "one|two", ""},
		"lines, CRLF":            {"lines", "one\r\n two \r\n", "one| two ", ""},
		"lines, BOM":             {"lines", "\xef\xbb\xbfone\n", "one", ""},
		"lines, blank at end":    {"lines", "one\n\n  \n", "one", ""},
		"lines, blank between":   {"lines", "one\n\n\ntwo\n", "one", "line 2: the text is empty; want a call in every line (or give --input-format whole)"},
		"lines, blank first":     {"lines", "\none\n", "", "line 1: the text is empty; want a call in every line (or give --input-format whole)"},
		"lines, not UTF-8":       {"lines", "caf\xe9 \xff\xfe\n", "caf\uFFFD \uFFFD\uFFFD", ""},
		"lines, none":            {"lines", "\n\n", "", "there is no call in it"},
		"nothing":                {"auto", "", "", "there is no call in it"},
		"only a BOM":             {"auto", "\xef\xbb\xbf", "", "there is no call in it"},
		"UTF-16":                 {"auto", "\xff\xfeh\x00i\x00", "", "this is UTF-16; save it as UTF-8"},
		"UTF-16, big-endian":     {"csv", "\xfe\xff\x00h\x00i", "", "this is UTF-16; save it as UTF-8"},
		"whole":                  {"whole", "A: hi\r\n\nB: yes\r\n", "A: hi\r\n\nB: yes", ""},
		"whole, empty":           {"whole", "\n", "", "the text is empty"},
		"jsonl":                  {"jsonl", `{"text":"one","id":"a"}` + "\n\n" + `{"narrative":"two","uniqueid":1696525048.1374}` + "\r\n" + `{"text":"three","sample_id":"qa_1"}`, "string a:one|json.Number 1696525048.1374:two|string qa_1:three", ""},
		"jsonl, BOM":             {"jsonl", "\xef\xbb\xbf" + `{"text":"one"}`, "one", ""},
		"jsonl, nulls":           {"jsonl", `{"text":null,"narrative":"two","id":null,"uniqueid":"u"}`, "string u:two", ""},
		"jsonl, blank text":      {"jsonl", `{"text":" ","narrative":"two"}`, "two", ""},
		"jsonl, both blank":      {"jsonl", `{"text":"","narrative":" ","id":"u"}`, "", "line 1: the text is empty"},
		"jsonl, a blank and 42":  {"jsonl", `{"text":"","narrative":42}`, "", "line 1: narrative is not a string"},
		"csv, blank text":        {"csv", "narrative,text\ntwo, \ntwo,one\n", "two|one", ""},
		"jsonl, text goes first": {"jsonl", `{"narrative":"two","text":"one"}`, "one", ""},
		"jsonl, other fields":    {"jsonl", `{"text":"one","labels":{"hold":[0]},"Text":"no"}`, "one", ""},
		"jsonl, escapes":         {"jsonl", `{"text":"Zo\u00eb\nand"}`, "Zoë\nand", ""},
		"jsonl, not UTF-8":       {"jsonl", "{\"text\":\"caf\xe9\"}", "caf\uFFFD", ""},
		"jsonl, broken":          {"jsonl", `{"text":"one"}` + "\n" + `{"text":SECRET}`, "one", "line 2: broken JSON at byte 9"},
		"jsonl, cut off":         {"jsonl", `{"text":"SECRET`, "", "line 1: broken JSON at byte 15"},
		"jsonl, an array":        {"jsonl", `["SECRET"]`, "", "line 1: want an object with a field text or narrative"},
		"jsonl, null":            {"jsonl", `null`, "", "line 1: there is no field text or narrative"},
		"jsonl, a number":        {"jsonl", "\n" + `{"text":42}`, "", "line 2: text is not a string"},
		"jsonl, no text":         {"jsonl", `{"transcript":"SECRET"}`, "", "line 1: there is no field text or narrative"},
		"jsonl, empty text":      {"jsonl", `{"text":" \n"}`, "", "line 1: the text is empty"},
		"jsonl, id an object":    {"jsonl", `{"text":"SECRET","id":{"a":1}}`, "", "line 1: id is neither a string nor a number"},
		"json":                   {"json", ` [{"text":"one","id":7},` + "\n" + `{"narrative":"two"}] `, "json.Number 7:one|two", ""},
		"json, one object":       {"json", "{\n\"text\":\n\"one\"}", "one", ""},
		"json, objects":          {"json", `{"text":"one"} {"text":"two"}`, "one|two", ""},
		"json, no element":       {"json", `[]`, "", "there is no call in it"},
		"json, text":             {"json", `SECRET`, "", "record 1: this is no JSON; want an array of objects, or objects"},
		"json, broken":           {"json", `[{"text":"one"},{"text":SECRET}]`, "one", "record 2: broken JSON"},
		"json, no comma":         {"json", `[{"text":"one"} {"text":"two"}]`, "one", "record 2: broken JSON"},
		"json, cut off":          {"json", `[{"text":"one"},{"te`, "one", "record 2: the JSON ends too early"},
		"json, not closed":       {"json", `[{"text":"one"}`, "one", "record 2: the JSON ends too early"},
		"json, more behind":      {"json", `[{"text":"one"}] []`, "one", "record 2: something follows the array's end"},
		"json, strings":          {"json", `["SECRET"]`, "", "record 1: want an object with a field text or narrative"},
		"json, empty text":       {"json", `[{"text":"one"},{"text":""}]`, "one", "record 2: the text is empty"},
		"csv":                    {"csv", "id,text\n1,one\n,\"two, \"\"2\"\"\nlines\"\n", "string 1:one|two, \"2\"\nlines", ""},
		"csv, CRLF, BOM, case":   {"csv", "\xef\xbb\xbfUniqueID, Narrative \r\nu,one\r\n", "string u:one", ""},
		"csv, no rows":           {"csv", "id,text\n", "", "there is no call in it"},
		"csv, no header":         {"csv", "SECRET,more\n", "", "line 1: no column is called text or narrative (columns are separated by commas)"},
		"csv, ragged":            {"csv", "id,text\n1,one\n2,SECRET,x\n", "string 1:one", "line 3: wrong number of fields"},
		"csv, open quote":        {"csv", "text\none\n\"SECRET\n\n", "one", "line 3: extraneous or missing \" in quoted-field"},
		"csv, empty text":        {"csv", "text,id\n\"a\nb\",1\n ,2\n", "string 1:a\nb", "line 4: the text is empty"},
		"csv, CRLF in a cell":    {"csv", "id,text\r\n1,\"one\r\ntwo\rthree\nfour\"\r\n2,five\r\n", "string 1:one\r\ntwo\rthree\nfour|string 2:five", ""},
		"csv, CR":                {"csv", "id,text\r1,one\r2,\r", "string 1:one", "line 3: the text is empty"},
		"csv, bare quotes":       {"csv", "text,id\nshe said \"no\",1\n", "string 1:she said \"no\"", ""},
		"csv, NUL":               {"csv", "text\none\nt\x00w\x00o\x00\n", "one", "line 3: the text holds NUL bytes; is the input text in UTF-8?"},
		"tsv":                    {"tsv", "id\ttext\n1\tone, two\n2\t\"three\r\n\tfour\"\n", "string 1:one, two|string 2:three\r\n\tfour", ""},
		"tsv, no header":         {"tsv", "SECRET\tmore\n", "", "line 1: no column is called text or narrative (columns are separated by tabs)"},
		"tsv, ragged":            {"tsv", "id\ttext\n1\tSECRET\tx\n", "", "line 2: wrong number of fields"},
		"lines, NUL":             {"lines", "one\nt\x00wo\n", "one", "line 2: the text holds NUL bytes; is the input text in UTF-8?"},
		"whole, NUL":             {"whole", "one\nt\x00wo\n", "", "the text holds NUL bytes; is the input text in UTF-8?"},
		"UTF-16, no mark":        {"auto", "t\x00e\x00x\x00t\x00\n\x00h\x00i\x00", "", "this looks like UTF-16 without a byte order mark; save it as UTF-8"},
		"zip":                    {"csv", "PK\x03\x04\x14\x00\x06\x00", "", "this is a zip archive, as .xlsx, .ods and .docx files are: save a spreadsheet as CSV in UTF-8, a document as text; unpack an archive"},
		"gzip":                   {"auto", filetest.Gzip(t, "\xef\xbb\xbfid\ttext\n1\tone\n"), "string 1:one", ""},
		"gzip, cut off":          {"json", filetest.Gzip(t, `[{"text":"one"}]`)[:20], "", "the gzip data end too early; is the file whole?"},
		"jsonl, NaN":             {"jsonl", `{"age":NaN,"a":[Infinity, -Infinity],"text":"NaN, -Infinity","id":NaN,"uniqueid":3}`, "json.Number 3:NaN, -Infinity", ""},
		"jsonl, NaN as text":     {"jsonl", `{"text":NaN}`, "", "line 1: there is no field text or narrative"},
		"jsonl, NaN, broken":     {"jsonl", `{"age":NaN,"text":SECRET}`, "", "line 1: broken JSON at byte 19"},
		"jsonl, no NaN":          {"jsonl", `{"age":NaNs,"text":"SECRET"}`, "", "line 1: broken JSON at byte 8"},
		"json, NaN":              {"json", `[{"age":NaN,"text":"one"}, {"b":[-Infinity,   Infinity],"text":"two","id":-Infinity}]`, "one|two", ""},
		"json, 1NaN":             {"json", `[{"age":1NaN,"text":"SECRET"}]`, "", "record 1: broken JSON"},
		"json, cut off in NaN":   {"json", `[{"age":Na`, "", "record 1: broken JSON"},
		"auto, tsv":              {"auto", "id\tText\n1\tone\n", "string 1:one", ""},
		"auto, semicolons":       {"auto", "id;text\n1;SECRET\n", "string 1:SECRET", ""},
		"csv, semicolons":        {"csv", "id;text\n1;\"SECRET; more\"\n", "string 1:SECRET; more", ""},
		"csv, tabs":              {"csv", "id\ttext\n1\tSECRET\n", "string 1:SECRET", ""},
		"tsv, commas":            {"tsv", "id,text\n1,SECRET\n", "string 1:SECRET", ""},
		"auto, no text":          {"auto", "id\ttranscript\n1\tSECRET\n", "", "line 1: no column is called text or narrative (columns are separated by tabs)"},
		"auto, no text, commas":  {"auto", "ID,Transcript\n1,SECRET\n", "", "line 1: no column is called text or narrative (columns are separated by commas)"},
		"auto, tabs in a call":   {"auto", "Caller:\tHello, SECRET\n", "Caller:\tHello, SECRET", ""},
		"auto, bars":             {"auto", "id|text\n1|SECRET\n", "", "line 1: no column is called text or narrative (columns are separated by commas)"},
		"auto, one column":       {"auto", "Text\none\n", "one", ""},
		"auto, NaN over lines":   {"auto", "{\"age\": NaN,\n\"text\":\"one\"}", "one", ""},
		"auto, lines":            {"auto", "Hello, text\nother", "Hello, text|other", ""},
		"auto, times":            {"auto", "[00:01] Hello\n", "[00:01] Hello", ""},
		"auto, jsonl":            {"auto", " \n{\"text\":\"one\"}\n{\"text\":\"two\"}\n", "one|two", ""},
		"auto, jsonl, broken":    {"auto", "{\"text\":\"one\"\"}\n", "", "line 1: broken JSON at byte 14"},
		"auto, json":             {"auto", "[\n{\"text\":\"one\"}]", "one", ""},
		"auto, json object":      {"auto", "{\n\"text\":\"one\"}", "one", ""},
		"auto, csv":              {"auto", "id,Text\n1,one\n", "string 1:one", ""},
		"auto, long first line":  {"auto", `{"text":"` + strings.Repeat("x", 1<<17) + "\"}\n{\"text\":\"two\"}", strings.Repeat("x", 1<<17) + "|two", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{
				"at once":      strings.NewReader(test.input),
				"byte by byte": iotest.OneByteReader(strings.NewReader(test.input)),
			} {
				all, err := readAll(named("in", readInput(in, reading{format: test.format}), reading{}))
				if got := show(all); got != test.want {
					t.Errorf("%s: got %q, want %q", how, got, test.want)
				}
				message := ""
				if err != nil {
					message = strings.TrimPrefix(err.Error(), "in: ")
				}
				if message != test.err {
					t.Errorf("%s: error %q, want %q", how, message, test.err)
				}
			}
		})
	}
}

func TestRepaired(t *testing.T) {
	for name, input := range map[string]string{
		"lines":       "good\nb\xe4d\n",
		"jsonl":       "{\"text\":\"good\"}\n{\"text\":\"b\xe4d\"}\n",
		"jsonl, half": `{"text":"good \ud83d\ude00"}` + "\n" + `{"text":"b\ud83dd"}`,
		"csv":         "text\ngood\nb\xe4d\n",
	} {
		format, _, _ := strings.Cut(name, ",")
		all, err := readAll(readInput(strings.NewReader(input), reading{format: format}))
		if err != nil || len(all) != 2 || all[0].repaired || !all[1].repaired || all[1].text != "b\uFFFDd" {
			t.Errorf("%s: %v, %+v", name, err, all)
		}
	}
}

func TestFormatByName(t *testing.T) {
	// .txt may hold anything: Excel saves tables so.
	for input, want := range map[string]string{"id\ttext\n1\tone\n": "string 1:one", "id,text\n1,one\n": "string 1:one", "text\none\n": "one", `{"text":"one"}`: "one", `[{"text":"one"}]`: "one", "{inaudible} one\n": "{inaudible} one", "{\n\"text\":\"one\"}": "one", "[00:01] one\n": "[00:01] one", "Hello,\tmy text\n": "Hello,\tmy text"} {
		all, err := readAll(readInput(strings.NewReader(input), reading{format: "auto", name: "a.txt"}))
		if got := show(all); err != nil || got != want {
			t.Errorf("%q in .txt is %q, %v; want %q", input, got, err, want)
		}
	}
	for name, input := range map[string]string{"a.jsonl": "no", "a.ndjson": "no", "a.json": "no", "a.csv": "no", "a.tsv": "no", "a.csv.gz": "no", "a.JSON.zst": "no"} {
		if _, err := readAll(readInput(strings.NewReader(input), reading{format: "auto", name: name})); err == nil {
			t.Errorf("%s is read as lines", name)
		}
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, format := range []string{"auto", "lines", "whole", "jsonl", "json", "csv"} {
		head := map[string]string{"json": "[", "jsonl": "\n"}[format]
		in := io.MultiReader(strings.NewReader(cmp.Or(head, "text\n")), iotest.ErrReader(broken))
		if _, err := readAll(readInput(in, reading{format: format})); !errors.Is(err, broken) {
			t.Errorf("%s: error %v", format, err)
		}
	}
}

// endless gives the same piece of text for ever, and counts.
type endless struct {
	piece string
	given int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.piece) <= len(p) {
		n += copy(p[n:], e.piece)
	}
	e.given += n
	return n, nil
}

func TestCallTooLong(t *testing.T) {
	for format, head := range map[string]string{"lines": "", "whole": "", "jsonl": `{"text":"`, "json": `[{"text":"`, "csv": "text\none\n\""} {
		in := &endless{piece: "x"}
		_, err := readAll(readInput(io.MultiReader(strings.NewReader(head), in), reading{format: format}))
		if !errors.Is(err, errTooLong) {
			t.Errorf("%s: error %v", format, err)
		}
		if in.given > maxRecord+1<<20 {
			t.Errorf("%s: %d bytes were read", format, in.given)
		}
	}
	// However small it was before it was decompressed.
	packed := filetest.Gzip(t, strings.Repeat("x", maxRecord+1<<20))
	if _, err := readAll(readInput(strings.NewReader(packed), reading{format: "whole"})); !errors.Is(err, errTooLong) || len(packed) > maxRecord/100 {
		t.Errorf("%d bytes, compressed: error %v", len(packed), err)
	}
	// Any number of calls that aren't too long are fine.
	n := 0
	for _, err := range readInput(&endless{piece: strings.Repeat("word ", 800) + "\n"}, reading{format: "lines"}) {
		if err != nil {
			t.Fatalf("call %d: %v", n, err)
		}
		if n++; n == 3*maxRecord/4000 {
			break
		}
	}
}

// fuzz checks that a reader neither panics nor yields what it must not.
func fuzz(f *testing.F, format string, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		all, err := readAll(named("in", readInput(bytes.NewReader(input), reading{format: format}), reading{}))
		for i, r := range all {
			text := string(r.text)
			if strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
				t.Errorf("call %d is %q", i+1, text)
			}
			if _, err := json.Marshal(object{ID: r.id}); err != nil {
				t.Errorf("call %d: id: %v", i+1, err)
			}
		}
		if len(all) == 0 && err == nil {
			t.Error("neither a call nor an error")
		}
		if err != nil && (len(err.Error()) > 160 || strings.Contains(err.Error(), "\n")) {
			t.Errorf("error %q", err)
		}
	})
}

func FuzzLines(f *testing.F) { fuzz(f, "lines", "one\n\ntwo", "\xef\xbb\xbfa\r\n", "\xff\xfe") }
func FuzzJSONL(f *testing.F) {
	fuzz(f, "jsonl", `{"text":"one","id":1}`+"\n"+`{"narrative":"\ud800"}`, `{"text":"a","id":"\u0000"}`, `[]`)
}
func FuzzJSON(f *testing.F) {
	fuzz(f, "json", `[{"text":"one","id":1e999},{"text":"b"}]`, `{"text":"a"}{"text":"b"}`, `[`, ` [{}`)
}
func FuzzCSV(f *testing.F) {
	fuzz(f, "csv", "id,text\n1,\"a\"\"b\"\r\n", "text\n\"", "narrative,uniqueid\nx\n")
}
func FuzzTSV(f *testing.F)  { fuzz(f, "tsv", "id\ttext\n1\t\"a\"\"b\r\n\"\r\n", "text\tid\ra\t1\r") }
func FuzzAuto(f *testing.F) { fuzz(f, "auto", "{", "[", "[{", "text\nx", "\n\n\n{\"text\":\"x\"}") }

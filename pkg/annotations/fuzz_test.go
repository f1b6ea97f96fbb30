package annotations

import (
	"bytes"
	"compress/zlib"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
)

// checkRead reads data in a format. What is read must be usable: spans inside their
// texts, in order. Errors must not repeat the text.
func checkRead(t *testing.T, f Format, in Input, o Options) {
	t.Helper()
	for d, err := range Read(context.Background(), in, f, o) {
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Fatalf("the error repeats the text: %v", err)
			}
			continue
		}
		n := utf8.RuneCountInString(string(d.Text))
		for _, e := range d.Spans {
			if e.Start < 0 || e.End <= e.Start || e.End > n || e.Label == "" {
				t.Fatalf("span [%d, %d) of %d characters", e.Start, e.End, n)
			}
		}
		if d.State != Labelled && (d.Spans != nil || d.Classes != nil || d.Flags != nil) {
			t.Fatalf("a call that is %s has labels", d.State)
		}
	}
}

// fuzzFormat fuzzes a format that is one file.
func fuzzFormat(f *testing.F, name string, seeds ...string) {
	format := mustFind(f, name)
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []Options{{}, {Unit: UnitUTF16, TagNames: []string{"O", "B-NAME"}, Head: "category"}, {Unit: UnitGrapheme, Predictions: true}} {
			checkRead(t, format, stream(t, string(data)), o)
		}
		// Whatever can be converted can be read again.
		for _, to := range Formats(nil) {
			var out bytes.Buffer
			if !to.Writes || to.Folder {
				continue
			}
			if _, err := Convert(context.Background(), stream(t, string(data)), format, Output{W: &out}, to, Options{Lossy: true, SkipBad: true, Overlaps: KeepLongest}); err != nil {
				continue
			}
			for _, err := range Read(context.Background(), stream(t, out.String()), to, Options{Unit: to.Output}) {
				if err != nil {
					t.Fatalf("what was converted to %s: %v", to.Name, err)
				}
			}
		}
	})
}

func FuzzLabelStudio(f *testing.F) {
	fuzzFormat(f, "labelstudio",
		`[{"id": 1, "data": {"text": "😀 kXqZv"}, "annotations": [{"was_cancelled": false, "result": [{"from_name": "l", "type": "labels", "value": {"start": 2, "end": 7, "text": "kXqZv", "labels": ["NAME"]}}, {"from_name": "category", "type": "choices", "value": {"choices": ["Custody"]}}]}], "predictions": []}]`,
		`[{"id": 1, "text": "kXqZv", "annotation_id": 5, "label": [{"start": 0, "end": 5, "text": "kXqZv", "labels": ["NAME"]}], "category": "Custody", "opening": {"choices": ["Use of call opening phrase"]}}]`,
		`[{"data": {"text": "kXqZv"}, "annotations": [{"result": [{"type": "hypertextlabels", "value": {"start": "/p", "globalOffsets": {"start": 0, "end": 5}, "hypertextlabels": ["NAME"]}}, {"type": "relation"}]}]}]`)
}

func FuzzDoccano(f *testing.F) {
	fuzzFormat(f, "doccano", `{"id": 1, "text": "😀 kXqZv", "label": [[3, 8, "NAME"]]}`, `{"text": "kXqZv", "label": ["Custody", "priority=2"]}`,
		`{"text": "kXqZv", "entities": [{"start_offset": 0, "end_offset": 5, "label": "NAME"}], "relations": [{}], "cats": ["category=Other"], "Comments": []}`)
}

func FuzzProdigy(f *testing.F) {
	fuzzFormat(f, "prodigy", `{"text": "kXqZv", "spans": [{"start": 0, "end": 5, "token_start": 0, "token_end": 0, "label": "NAME"}], "tokens": [{"start": 0, "end": 5}], "answer": "accept", "meta": {"id": 1}}`,
		`{"text": "kXqZv", "accept": ["Custody"], "label": "x", "answer": "accept", "_input_hash": 1}`, `{"text": "kXqZv", "answer": "ignore"}`)
}

func FuzzCoNLL(f *testing.F) {
	fuzzFormat(f, "conll", "-DOCSTART- -X- O\n\nkXqZv B-NAME\nx I-NAME\n\ny O\n", "a\tU-X\nb\tL-X\r\n\r\n-DOCSTART- O\n", "x B-\n")
}

func FuzzHuggingFace(f *testing.F) {
	fuzzFormat(f, "huggingface", `{"id": "1", "tokens": ["kXqZv", "x"], "ner_tags": ["B-NAME", "O"]}`, `{"tokens": ["kXqZv"], "ner_tags": [1], "text": " kXqZv"}`)
}

func FuzzCSV(f *testing.F) {
	fuzzFormat(f, "csv", "id,text,entities,category,labels\n1,kXqZv,\"[{\"\"start\"\":0,\"\"end\"\":5,\"\"label\"\":\"\"NAME\"\"}]\",Custody,\"{\"\"hold\"\":[1,0]}\"\n", "text;victim.age\nkXqZv;5\n", `{"text": "kXqZv", "labels": {"hold": "N/A"}}`)
}

func FuzzRecords(f *testing.F) {
	for _, s := range []string{
		`{"text": "kXqZv", "entities": [{"start": 0, "end": 5, "label": "NAME"}], "id": 1}`, `{"narrative": "kXqZv", "category": "Custody", "priority": 2, "uniqueid": "x"}`,
		`{"text": "kXqZv", "labels": "{\"hold\": [\"No hold was required\", 1], \"x\": 1}"}`, `{"text": "kXqZv", "labels": {"opening": 1, "hold": "yes; no"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, task := range builtIn() {
			checkRead(t, recordsOf(task), stream(t, string(data)), Options{})
		}
	})
}

func FuzzBrat(f *testing.F) {
	f.Add("I am kXqZv", "T1\tNAME 5 10\tkXqZv\nA1\tx T1\n")
	f.Add("😀 kXqZv", "T1\tNAME 2 4;5 7\tkXqZv\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, ann string) {
		for name, content := range map[string]string{"c.txt": text, "c.ann": ann} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		in, err := File(dir)
		if err != nil {
			t.Fatal(err)
		}
		checkRead(t, mustFind(t, "brat"), in, Options{})
	})
}

func FuzzDocBin(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "calls.spacy"))
	if err != nil {
		f.Fatal(err)
	}
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		f.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	small, err := msgpack.Marshal(map[string]any{"attrs": []uint64{attrOrth}, "tokens": make([]byte, 8), "spaces": []byte{1}, "lengths": []byte{1, 0, 0, 0}, "strings": []string{"kXqZv"}, "cats": []any{map[string]any{"a": 1}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Fuzz(func(t *testing.T, data []byte) {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		if _, err := w.Write(data); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		checkRead(t, mustFind(t, "docbin"), stream(t, b.String()), Options{Head: "category"})
	})
}

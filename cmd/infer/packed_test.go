package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
)

// Offsets are those of the cell as Python reads it, whatever its line ends, and
// whether the file is compressed or not.
func TestOffsetsOfCells(t *testing.T) {
	model := modelDir(t, testTasks())
	const cell = "Hello\r\nmy name\ris \"Mwakamba\"\nfrom\r\n\r\nKisumu."
	quoted := `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
	comma, tab := "id,text\r\n7,"+quoted+"\r\n", "id\ttext\n7\t"+quoted+"\n"
	for name, content := range map[string]string{"a.csv": comma, "a.tsv": tab, "a.csv.gz": filetest.Gzip(t, comma), "a.tsv.zst": filetest.Zstandard(t, tab), "a": tab, "b.gz": filetest.Gzip(t, tab)} {
		dir := filetest.Folder(t, map[string]string{name: content})
		got := infer("", "--model", model, "--input", filepath.Join(dir, name), "--tasks", "ner", "--format", "json")
		var calls []struct {
			ID  string
			NER []struct {
				Token      string
				Start, End int
			}
		}
		if err := json.Unmarshal([]byte(got.out), &calls); err != nil || len(calls) != 1 || calls[0].ID != "7" || len(calls[0].NER) != 10 {
			t.Fatalf("%s: %v, %+v", name, err, got)
		}
		for _, token := range calls[0].NER {
			if part := string([]rune(cell)[token.Start:token.End]); part != token.Token {
				t.Errorf("%s: %q is at %d to %d, where %q stands", name, token.Token, token.Start, token.End, part)
			}
		}
	}
}

// What isn't text is refused in one line, whatever it is called, and read from
// wherever.
func TestNotText(t *testing.T) {
	model := modelDir(t, testTasks())
	const zip = "PK\x03\x04\x14\x00\x06\x00\x08\x00SECRET"
	for _, name := range []string{"a.csv", "a.xlsx", "a.txt", "a.jsonl"} {
		dir := filetest.Folder(t, map[string]string{name: zip})
		path := filepath.Join(dir, name)
		got := infer("", "--model", model, "--input", path, "--mark-bad-records", "--format", "jsonl")
		if got.code != cli.Failure || got.out != "" || !strings.HasPrefix(got.err, "infer: "+path+": this is a zip archive") || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := infer(zip, "--model", model, "--input", "-"); got.code != cli.Failure || !strings.HasPrefix(got.err, "infer: standard input: this is a zip archive") {
		t.Errorf("standard input: %+v", got)
	}
	packed := infer(filetest.Gzip(t, "my son\nmy name\n"), "--model", model, "--input", "-", "--tasks", "cls", "--format", "jsonl")
	if packed.code != cli.OK || strings.Count(packed.out, "\n") != 2 {
		t.Errorf("gzip on standard input: %+v", packed)
	}
}

// A compressed file is read by one shard, and its name stands in no part's.
func TestShardsOfCompressedFiles(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{
		"a.jsonl.gz": filetest.Gzip(t, `{"text":"Hello","id":1}`+"\n"+`{"text":"my son"}`),
		"b.txt":      "my name\nHello\n",
		"c.csv.zst":  filetest.Zstandard(t, "id,text\n1,Hello\n2,\"my\nson\"\n"),
	})
	model, out := modelDir(t, testTasks()), t.TempDir()
	for i := range 2 {
		if got := infer("", "--model", model, "--input", dir, "--output", out, "--shard", fmt.Sprintf("%d/2", i), "--tasks", "cls"); got.code != cli.OK {
			t.Fatalf("shard %d: %+v", i, got)
		}
	}
	filetest.Holds(t, out, "_SUCCESS", "_part-00000-of-00002.json", "_part-00001-of-00002.json", "part-00000-of-00002.jsonl", "part-00001-of-00002.jsonl")
	if n := strings.Count(filetest.Read(t, filepath.Join(out, "part-00000-of-00002.jsonl"))+filetest.Read(t, filepath.Join(out, "part-00001-of-00002.jsonl")), "\n"); n != 6 {
		t.Errorf("%d answers, want 6", n)
	}
}

// Calls that are cut say so, in each format.
func TestTruncatedIsShown(t *testing.T) {
	model := modelDir(t, testTasks())
	input := `{"id":1,"text":"my son"}` + "\n" + `{"id":2,"text":"` + strings.Repeat("my son was beaten . ", 20) + `"}` + "\n"
	run := func(format string, more ...string) string {
		t.Helper()
		got := infer(input, append([]string{"--model", model, "--input", "-", "--tasks", "cls", "--format", format}, more...)...)
		if got.code != cli.OK {
			t.Fatalf("%+v", got)
		}
		return got.out
	}
	rows, err := csv.NewReader(strings.NewReader(run("csv"))).ReadAll()
	last := len(rows[0]) - 1
	if err != nil || rows[0][last] != "truncated" || rows[1][last] != "0" || rows[2][last] != "1" {
		t.Errorf("csv: %q, %v", rows, err)
	}
	if whole := run("csv", "--overlap", "8"); !strings.HasSuffix(whole, ",0\n") {
		t.Errorf("csv, in windows: %q", whole)
	}
	for format, mark := range map[string]string{"json": `"truncated":true`, "jsonl": `"truncated":true`, "text": "wasn't read"} {
		first, second, _ := strings.Cut(run(format), map[string]string{"json": ",\n", "jsonl": "\n", "text": "Call 2"}[format])
		if strings.Contains(first, mark) || !strings.Contains(second, mark) {
			t.Errorf("%s: the mark isn't at the second call alone", format)
		}
	}
}

func TestCompressedOutput(t *testing.T) {
	dir := t.TempDir()
	got := infer("", "--model", modelDir(t, testTasks()), "--text", "my son", "--output", filepath.Join(dir, "a.csv.gz"))
	if got.code != cli.Misuse || !strings.Contains(got.err, "| gzip >") {
		t.Errorf("%+v", got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

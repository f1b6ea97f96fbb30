package label

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

func TestShardFlag(t *testing.T) {
	for _, test := range []struct {
		text, variable string
		want           Shard
		err            string
	}{
		{"0/1", "", Shard{0, 1}, ""},
		{"3/10", "", Shard{3, 10}, ""},
		{"3/10", "7", Shard{3, 10}, ""},
		{"/10", "7", Shard{7, 10}, ""},
		{"/10", "", Shard{}, `JOB_COMPLETION_INDEX is ""`},
		{"/10", "x", Shard{}, `JOB_COMPLETION_INDEX is "x"`},
		{"/10", "-1", Shard{}, `JOB_COMPLETION_INDEX is "-1"`},
		{"/10", "10", Shard{}, "the last of 10 is 9/10"},
		{"10/10", "", Shard{}, "10/10; shards are counted from 0, so that the last of 10 is 9/10"},
		{"0/0", "", Shard{}, "0 shards; want 1 to 99999"},
		{"0/100000", "", Shard{}, "100000 shards; want 1 to 99999"},
		{"", "", Shard{}, "want I/N"},
		{"3", "", Shard{}, "want I/N"},
		{"-1/3", "", Shard{}, "want I/N"},
		{"1/3/5", "", Shard{}, "want I/N"},
		{" 1/3", "", Shard{}, "want I/N"},
		{"1/99999999999999999999", "", Shard{}, "want I/N"},
	} {
		t.Setenv(IndexVariable, test.variable)
		var got Shard
		err := got.UnmarshalText([]byte(test.text))
		if test.err == "" && (err != nil || got != test.want) || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%q with %q: %v, %v; want %v, %q", test.text, test.variable, got, err, test.want, test.err)
		}
	}
}

func TestShardNames(t *testing.T) {
	s := Shard{3, 10}
	if part, marker := s.PartName("csv"), s.MarkerName(); part != "part-00003-of-00010.csv" || marker != "_part-00003-of-00010.json" {
		t.Errorf("the names are %s and %s", part, marker)
	}
	for name, want := range map[string]int{
		s.PartName("jsonl"): 10, s.MarkerName(): 10, Shard{0, maxShards}.PartName("csv"): maxShards,
		SuccessFile: 0, "calls.jsonl": 0, ".part-00003-of-00010.jsonl.tmp-1": 0, "part-one.jsonl": 0,
	} {
		if n, found := shardsOf(name); n != want || found != (want > 0) {
			t.Errorf("%s: one of %d shards, %v", name, n, found)
		}
	}
}

// Spans cover all bytes, each once, also where size·count is more than 64 bits hold.
func TestShardSpans(t *testing.T) {
	for _, size := range []int64{1, 2, 9, 10, 11, 1 << 40, 1 << 62} {
		for _, count := range []int{1, 2, 3, 10, maxShards} {
			var end int64
			for i := range count {
				s := Shard{i, count}.span(size)
				if s.from != end || s.to < s.from || s.to-s.from > size/int64(count)+1 {
					t.Fatalf("%d bytes: shard %d/%d is %v, the one before ends at %d", size, i, count, s, end)
				}
				end = s.to
			}
			if end != size {
				t.Errorf("%d bytes: %d shards end at %d", size, count, end)
			}
		}
	}
}

// shardTexts are files that hold calls in all forms that are easily cut wrongly.
var shardTexts = map[string]string{
	"a.jsonl":   "\xef\xbb\xbf" + `{"text":"one","id":1}` + "\r\n\r\n" + `{"text":"two"}` + "\n" + `{"text":"three"}`,
	"b.txt":     "\xef\xbb\xbffour\r\nfive\nsix, a longer one than others\n\n \n",
	"c.csv":     "\xef\xbb\xbfid,text\r\n1,seven\n2,\"eight\nin \"\"lines\"\"\n\n\"\n3,nine\n",
	"d.json":    " [ {\"text\":\"ten\"},\n{\"text\":\"eleven\"} , {\"text\":\"twelve\"}\n]\n",
	"e.ndjson":  "",
	"f.json":    `{"text":"thirteen"}{"text":"fourteen"}` + "\n\n",
	"g.ndjson":  "\n\n" + `{"text":"fifteen"}` + "\n",
	"notes.md":  "not calls\n",
	"_SUCCESS":  "no\n",
	".h.jsonl":  "no\n",
	"_part.csv": "no\n",
}

// Whatever the number of shards, their calls, one shard after the other, are those of
// the files.
func TestShardsHoldEachCallOnce(t *testing.T) {
	dir := filetest.Folder(t, shardTexts)
	files, err := findFiles([]string{dir})
	if err != nil || len(files) != 7 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	const want = "json.Number 1:one|two|three|four|five|six, a longer one than others|string 1:seven|string 2:eight\nin \"lines\"\n\n|string 3:nine|" +
		"ten|eleven|twelve|thirteen|fourteen|fifteen"
	for count := 1; count < 400; count += 1 + count/20 {
		var all []record
		for i := range count {
			in, err := fromFiles(files, Shard{i, count}, reading{format: "auto"})
			if err != nil {
				t.Fatal(err)
			}
			some, err := readAll(in.records)
			if err != nil {
				t.Fatalf("shard %d/%d: %v", i, count, err)
			}
			all = append(all, some...)
		}
		if got := show(all); got != want {
			t.Fatalf("%d shards hold %q, want %q", count, got, want)
		}
	}
}

// A shard reads no more of lines than it needs.
func TestShardReadsItsPartOfLines(t *testing.T) {
	const calls, length = 10000, 100
	path := filepath.Join(t.TempDir(), "calls.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat(strings.Repeat("x", length-1)+"\n", calls)), 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	counting := &countingFile{File: file}
	list, err := readAll(readInput(counting, reading{format: "lines", span: Shard{7, 10}.span(calls * length)}))
	if err != nil || len(list) != calls/10 {
		t.Fatalf("%d calls, %v", len(list), err)
	}
	if most := calls*length/10 + 3<<16; counting.given > most { // and three buffers
		t.Errorf("%d bytes were read, want at most %d", counting.given, most)
	}
}

type countingFile struct {
	*os.File
	given int
}

func (c *countingFile) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.given += n
	return n, err
}

// An error in a shard names the file's line, and is told by one shard alone.
func TestShardErrors(t *testing.T) {
	for name, test := range map[string]struct{ file, text, want string }{
		"jsonl":                 {"a.jsonl", strings.Repeat(`{"text":"x"}`+"\n", 50) + "{\"text\":\"SECRET\n" + strings.Repeat(`{"text":"x"}`+"\n", 50), "line 51: broken JSON at byte 15"},
		"lines, blank between":  {"a.txt", strings.Repeat("x\n", 50) + "\n" + strings.Repeat("x\n", 50), "line 51: the text is empty; want a call in every line (or give --input-format whole)"},
		"csv, empty":            {"a.csv", "text\n" + strings.Repeat("x\n", 50) + "\" \"\n" + strings.Repeat("x\n", 50), "line 52: the text is empty"},
		"json, no text":         {"a.json", "[" + strings.Repeat(`{"text":"x"},`, 50) + "{}" + strings.Repeat(`,{"text":"x"}`, 50) + "]", "record 51: there is no field text or narrative"},
		"jsonl, last, no break": {"a.jsonl", strings.Repeat(`{"text":"x"}`+"\n", 50) + "SECRET", "line 51: broken JSON at byte 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filetest.Folder(t, map[string]string{test.file: test.text})
			files, err := findFiles([]string{dir})
			if err != nil {
				t.Fatal(err)
			}
			for _, count := range []int{1, 2, 3, 7, 40} {
				var told []string
				for i := range count {
					in, err := fromFiles(files, Shard{i, count}, reading{format: "auto"})
					if err != nil {
						t.Fatal(err)
					}
					if _, err := readAll(in.records); err != nil {
						told = append(told, strings.TrimPrefix(err.Error(), files[0].path+": "))
					}
				}
				if len(told) != 1 || told[0] != test.want {
					t.Errorf("%d shards say %q, want %q once", count, told, test.want)
				}
			}
		})
	}
}

// FuzzShards cuts any input into shards: they hold what it holds.
func FuzzShards(f *testing.F) {
	for _, text := range shardTexts {
		for i := range fuzzFormats {
			f.Add([]byte(text), uint8(3), uint8(i))
			f.Add([]byte(filetest.Gzip(f, text)), uint8(3), uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, count, format uint8) {
		n := int(count)%20 + 1
		how := reading{format: fuzzFormats[int(format)%len(fuzzFormats)], marks: format >= 128}
		all, err := readAll(named("in", readInput(bytes.NewReader(text), how), reading{marks: how.marks, mayBeEmpty: true}))
		if err != nil {
			return
		}
		var sharded []record
		for i := range n {
			how.span = Shard{i, n}.span(int64(len(text)))
			if how.from == how.to {
				continue
			}
			some, err := readAll(named("in", readInput(bytes.NewReader(text), how), reading{marks: how.marks, mayBeEmpty: true}))
			if err != nil {
				t.Fatalf("shard %d/%d: %v", i, n, err)
			}
			sharded = append(sharded, some...)
		}
		if got, want := problems(sharded), problems(all); got != want {
			t.Errorf("%d shards hold %q, want %q", n, got, want)
		}
	})
}

var fuzzFormats = []string{"lines", "jsonl", "json", "csv", "tsv"}

// problems is show, with what is wrong with calls.
func problems(all []record) string {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "%v %s %v|", r.id, string(r.text), r.problem)
	}
	return b.String()
}

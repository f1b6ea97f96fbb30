package label

import (
	"bytes"
	"maps"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

// A compressed file is read by one shard, and its name stands in no part's.
func TestShardsOfCompressedFiles(t *testing.T) {
	files := maps.Clone(shardTexts)
	delete(files, "e.ndjson")
	files["a.jsonl.gz"], files["c.csv.zst"] = filetest.Gzip(t, shardTexts["a.jsonl"]), filetest.Zstandard(t, shardTexts["c.csv"])
	delete(files, "a.jsonl")
	delete(files, "c.csv")
	dir := filetest.Folder(t, files)
	list, err := findFiles([]string{dir})
	if err != nil || len(list) != 6 {
		t.Fatalf("%d files, %v", len(list), err)
	}
	const want = "json.Number 1:one|two|three|four|five|six, a longer one than others|string 1:seven|string 2:eight\nin \"lines\"\n\n|string 3:nine|" +
		"ten|eleven|twelve|thirteen|fourteen|fifteen"
	for count := 1; count < 400; count += 1 + count/20 {
		var all []record
		for i := range count {
			in, err := fromFiles(list, Shard{i, count}, reading{format: "auto"})
			if err != nil {
				t.Fatal(err)
			}
			some, err := readAll(in.records)
			if err != nil {
				t.Fatalf("shard %d/%d: %v", i, count, err)
			}
			for _, r := range some {
				if count == 1 && r.offset > in.size { // what a bar shows
					t.Errorf("shard %d/%d: %d bytes were read of %d", i, count, r.offset, in.size)
				}
			}
			all = append(all, some...)
		}
		if got := show(all); got != want {
			t.Fatalf("%d shards hold %q, want %q", count, got, want)
		}
	}
}

// A kind of entity may be called like the last column.
func TestTruncatedIsUnique(t *testing.T) {
	list := testTasks()[:1]
	list[0].Heads[0].Labels = []string{"O", "truncated"}
	var out bytes.Buffer
	if _, err := newWriter(&out, style{format: "csv"}, list); err != nil || out.String() != "id,ner.truncated,truncated\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

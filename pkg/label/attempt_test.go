package label

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/disktest"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/tinymodel"
)

// What another attempt left is used as far as it is good.
func TestDamagedAttempts(t *testing.T) {
	o := Defaults()
	o.Model, o.Input, o.Shard, o.BatchSize, o.Device = tinymodel.Dir(t, 3), []string{tinymodel.CallsFile(t, 100)}, Shard{0, 1}, 1, "cpu"
	run := func(dir string) string {
		var said strings.Builder
		o.Output = dir
		if _, err := Run(t.Context(), o, Streams{Notice: func(line string) { said.WriteString(line + "\n") }}); err != nil {
			t.Fatal(err)
		}
		return said.String()
	}
	want := t.TempDir()
	run(want)
	good := filetest.Read(t, filepath.Join(want, "part-00000-of-00001.jsonl"))
	for name, test := range map[string]struct {
		damage func(data *string, p *state)
		goesOn bool
	}{
		"none":            {func(*string, *state) {}, true},
		"more than saved": {func(data *string, _ *state) { *data += `{"id":` }, true},
		"a byte":          {func(data *string, _ *state) { *data = "[" + (*data)[1:] }, false},
		"cut short":       {func(data *string, _ *state) { *data = (*data)[1:] }, false},
		"other model":     {func(_ *string, p *state) { p.Settings.Model = "0" }, false},
		"other input":     {func(_ *string, p *state) { p.Settings.Input = "0" }, false},
		"other options":   {func(_ *string, p *state) { p.Settings.Options.Threshold = 0.4 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var p state
			if err := readJSONFile(filepath.Join(want, "_part-00000-of-00001.json"), &p); err != nil {
				t.Fatal(err)
			}
			begun := &attempt{folder: folder{dir, p.Settings}, shard: Shard{0, 1}}
			data, _, _ := strings.Cut(good, `{"id":40,`)
			p.Counts, p.Bytes, p.SHA256 = Counts{Records: 40}, int64(len(data)), fmt.Sprintf("%x", sha256.Sum256([]byte(data)))
			test.damage(&data, &p)
			work := filepath.Join(dir, begun.prefix()+"1")
			if err := os.Mkdir(work, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(work, dataFile), []byte(data), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := writeJSONFile(filepath.Join(work, progressFile), p); err != nil {
				t.Fatal(err)
			}
			if said := run(dir); strings.Contains(said, "goes on after 40 calls") != test.goesOn {
				t.Errorf("it says %q; want that it goes on: %v", said, test.goesOn)
			}
			if filetest.Read(t, filepath.Join(dir, "part-00000-of-00001.jsonl")) != good {
				t.Error("the part is another one")
			}
			filetest.Holds(t, dir, SuccessFile, "_part-00000-of-00001.json", "part-00000-of-00001.jsonl")
		})
	}
}

// A folder that can't be written won't be next time.
func TestShardInAnUnwritableFolder(t *testing.T) {
	dir := disktest.Folder(t)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	disktest.WithoutRoot(t, func() {
		f := folder{dir: dir, settings: Settings{Model: "a", Input: "b"}}
		if _, err := begin(f, Shard{0, 1}); CauseOf(writing(err)) != BadOutput {
			t.Errorf("error %v is about %d", err, CauseOf(writing(err)))
		}
	})
}

package trainer

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// FuzzReadState: a state that is read can be resumed, whatever its file
// says; its digests are right, so that the file itself is looked at.
func FuzzReadState(f *testing.F) {
	for _, text := range []string{
		`{"history":{},"progress":{"step":0,"per_epoch":3,"interval":{}}}`,
		`{"history":{"all":[{"epoch":1,"score":0.5}],"completed":1},"progress":{"step":4,"per_epoch":4,"interval":{"by_task":{"ner":{}}}}}`,
		`{"history":{},"progress":{"step":-1,"per_epoch":0,"interval":null}}`,
		`{"history":null}`, `[]`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		state := filepath.Join(dir, statePrefix+"000001")
		if err := os.Mkdir(state, 0o777); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{
			stateFile: text,
			sumsFile:  fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(text), stateFile),
		} {
			if err := os.WriteFile(filepath.Join(state, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		read, _, err := ReadState(dir)
		if err != nil {
			return
		}
		p := read.Progress
		if read.History == nil || p.Interval == nil || p.Step < 0 || p.epoch() < 0 {
			t.Fatalf("a state that can't be resumed: %+v", p)
		}
		p.fit(3, read.History.Completed)
		if p.Step < 0 {
			t.Errorf("step %d", p.Step)
		}
	})
}

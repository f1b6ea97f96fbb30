package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
)

// drive runs the driver with a fake worker of that kind as ours; the others
// are slow.
func drive(t *testing.T, kind, work string, args ...string) (code int, out, said string) {
	t.Helper()
	all := []string{"--work", work, "--worker", "ours=" + fakeLine(kind)}
	for _, name := range workerNames()[1:] {
		all = append(all, "--worker", name+"="+fakeLine("slow"))
	}
	var stdout, stderr bytes.Buffer
	code = cli.Main("driver", help, &command{}, append(all, args...), cli.Streams{Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// newDocs is a folder with a page that has the marks.
func newDocs(t *testing.T) string {
	t.Helper()
	docs := t.TempDir()
	if err := os.Mkdir(filepath.Join(docs, "images"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(docs, "performance.md"), []byte("# Speed\n"+beginMark+"\n"+endMark+"\nend\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return docs
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWholeRun(t *testing.T) {
	work, docs := t.TempDir(), newDocs(t)
	code, out, said := drive(t, "fine", work, "--rounds", "2", "--docs", docs, "--labels")
	if code != cli.OK {
		t.Fatalf("code %d: %s", code, said)
	}
	if !strings.Contains(out, "3.00× [3.00, 3.00]") || !strings.Contains(said, "round  2/2 train_bf16") || !strings.Contains(said, "warm-up    load") {
		t.Errorf("it prints\n%s\nand\n%s", out, said)
	}
	page := read(t, docs, "performance.md")
	for _, want := range []string{"# Speed\n", "| multi-task training, bf16 | 10.0 samples/s | the best Python setting | 3.33 samples/s | 3.00× [3.00, 3.00] | 1.3× | yes |", "| onnx, int8 | ner | 4 | 1 (25.00 %) |", "| ctranslate2, int8 | ner | 4 | 1 (25.00 %) |", "\nend\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	var r result
	if err := json.Unmarshal([]byte(read(t, work, "result.json")), &r); err != nil {
		t.Fatal(err)
	}
	name := r.Machine.Name()
	if read(t, docs, "bench", name+".json") != read(t, work, "result.json") {
		t.Error("docs and the work folder have different results")
	}
	if len(r.Measurements) == 0 || len(r.Measurements[0].Figures) != 2 || len(r.Targets) != len(targets()) || r.Versions[best]["torch"] != "1.2.3" {
		t.Errorf("result %+v", r)
	}
	for _, m := range r.Measurements {
		if m.Case == "load" && (m.PeakMB != 7 || len(m.Inside) != 2) {
			t.Errorf("loading: %+v", m)
		}
	}
	if !strings.HasPrefix(read(t, docs, "images", "bench-"+name+".png"), "\x89PNG") || !strings.Contains(read(t, docs, "images", "bench-"+name+".svg"), "<svg") {
		t.Error("no pictures")
	}
}

func TestPartOfARunLeavesDocsAlone(t *testing.T) {
	work, docs := t.TempDir(), newDocs(t)
	before := read(t, docs, "performance.md")
	code, out, said := drive(t, "fine", work, "--rounds", "1", "--docs", docs, "--cases", "train_fp32", "--workers", "ours,today")
	if code != cli.OK || !strings.Contains(said, "is left alone") || read(t, docs, "performance.md") != before {
		t.Errorf("code %d: %s", code, said)
	}
	if !strings.Contains(out, "3.00×") || strings.Contains(out, "not measured") {
		t.Errorf("it prints\n%s", out)
	}
}

func TestListStartsNothing(t *testing.T) {
	code, out, said := drive(t, "stillborn", t.TempDir(), "--list", "--cases", "train_*")
	if code != cli.OK || strings.Count(out, "\n") != 2 || !strings.Contains(out, "train_bf16") {
		t.Errorf("code %d: %s%s", code, out, said)
	}
}

func TestRunsThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		kind string
		args []string
		code int
		want string
	}{
		"no such case":  {"fine", []string{"--cases", "nothing"}, cli.Misuse, "no case matches"},
		"no rounds":     {"fine", []string{"--rounds", "0"}, cli.Misuse, "1 round or more"},
		"dead worker":   {"dies", nil, cli.Failure, "worker ours, case check: it died"},
		"other results": {"deviates", nil, cli.Failure, "computes something else"},
		"no docs":       {"fine", []string{"--rounds", "1", "--docs", "/nowhere"}, cli.Failure, "write docs"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, said := drive(t, test.kind, t.TempDir(), test.args...)
			if code != test.code || !strings.Contains(said, test.want) {
				t.Errorf("code %d, want %d: %s", code, test.code, said)
			}
		})
	}
}

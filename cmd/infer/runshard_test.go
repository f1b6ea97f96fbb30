package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/disktest"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/label"
)

func shardArgs(model, input, output, shard string, more ...string) []string {
	return append([]string{"--model", model, "--input", input, "--output", output, "--shard", shard, "--batch-size", "1", "--device", "cpu"}, more...)
}

// names are a folder's entries that a reader of it would see.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestShards(t *testing.T) {
	model, input, dir := modelDir(t, testTasks()), tinymodel.CallsFile(t, 100), filepath.Join(t.TempDir(), "out")
	whole := infer("", "--model", model, "--input", input)
	if whole.code != cli.OK {
		t.Fatalf("%+v", whole)
	}
	for _, i := range []int{2, 0, 1} {
		if i == 1 && slices.Contains(strings.Fields(names(t, dir)), label.SuccessFile) {
			t.Error("_SUCCESS is there before all parts are")
		}
		got := infer("", shardArgs(model, input, dir, fmt.Sprintf("%d/3", i))...)
		if got.code != cli.OK || got.out != "" || !strings.Contains(got.err, fmt.Sprintf("infer: shard %d/3 is done: ", i)) {
			t.Fatalf("shard %d: %+v", i, got)
		}
	}
	if got, want := names(t, dir), "_SUCCESS _part-00000-of-00003.json _part-00001-of-00003.json _part-00002-of-00003.json "+
		"part-00000-of-00003.jsonl part-00001-of-00003.jsonl part-00002-of-00003.jsonl"; got != want {
		t.Fatalf("there are %s, want %s", got, want)
	}
	parts := ""
	for i := range 3 {
		part := filetest.Read(t, filepath.Join(dir, label.Shard{Index: i, Count: 3}.PartName("jsonl")))
		if n := strings.Count(part, "\n"); n < 20 {
			t.Errorf("shard %d has %d calls", i, n)
		}
		parts += part
	}
	if !goldentest.AlikeLines(parts, whole.out) {
		t.Error("the parts aren't what comes out without shards")
	}
	all, err := label.ReadSuccess(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (label.Counts{Records: 100, Truncated: 20, Tokens: all.Counts.Tokens, UnknownWords: 80}); all.Counts != want || all.Shards != 3 || all.Bytes != int64(len(parts)) || all.Counts.Tokens < 300 {
		t.Errorf("_SUCCESS says %+v", all)
	}

	// Again, they are there; one that was removed is made again, and --overwrite makes it anyway.
	part := filepath.Join(dir, "part-00001-of-00003.jsonl")
	before, err := os.Stat(part)
	if err != nil {
		t.Fatal(err)
	}
	again := infer("", shardArgs(model, input, dir, "1/3")...)
	if now, err := os.Stat(part); err != nil || again.code != cli.OK || !strings.Contains(again.err, "shard 1/3 is done already: ") || !os.SameFile(before, now) {
		t.Errorf("again: %+v, %v", again, err)
	}
	overwritten := infer("", shardArgs(model, input, dir, "1/3", "--overwrite")...)
	if now, err := os.Stat(part); err != nil || overwritten.code != cli.OK || os.SameFile(before, now) || !strings.Contains(overwritten.err, "all 3 shards are done: 100 calls") {
		t.Errorf("--overwrite: %+v, %v", overwritten, err)
	}
	if err := os.Remove(part); err != nil {
		t.Fatal(err)
	}
	if got := infer("", shardArgs(model, input, dir, "1/3")...); got.code != cli.OK || !strings.Contains(filetest.Read(t, part), `"id":50,`) {
		t.Errorf("after it was removed: %+v", got)
	}
}

// A table has its first row in each part, and a shard may have no call.
func TestShardsAsTables(t *testing.T) {
	model, input, dir := modelDir(t, testTasks()[1:2]), tinymodel.CallsFile(t, 2), t.TempDir()
	t.Setenv(label.IndexVariable, "0")
	for i := range 4 {
		t.Setenv(label.IndexVariable, fmt.Sprint(i))
		if got := infer("", shardArgs(model, input, dir, "/4", "--format", "csv")...); got.code != cli.OK {
			t.Fatalf("%+v", got)
		}
		part := filetest.Read(t, filepath.Join(dir, label.Shard{Index: i, Count: 4}.PartName("csv")))
		if !strings.HasPrefix(part, "id,main_category") || strings.Count(part, "id,main_category") != 1 {
			t.Errorf("part %d holds %q", i, part)
		}
	}
	all, err := label.ReadSuccess(dir)
	if err != nil || all.Counts.Records != 2 {
		t.Errorf("_SUCCESS says %+v, %v", all, err)
	}
}

// TestShardKills kills a shard's processes again and again: its part is what an
// uninterrupted one leaves, byte for byte.
func TestShardKills(t *testing.T) {
	const calls = 1500
	model, input := modelDir(t, testTasks()), tinymodel.CallsFile(t, calls)
	for _, format := range []string{"jsonl", "csv"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			more := []string{"--scores", "--format", format}
			want, dir := t.TempDir(), t.TempDir()
			if p := start(t, shardArgs(model, input, want, "0/1", more...)...); p.end() != cli.OK {
				t.Fatal(p.stderr.String())
			}
			done, kills := 0, 0
			for _, by := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGINT} {
				p := start(t, shardArgs(model, input, dir, "0/1", more...)...)
				if !p.hasSaved(dir, done) {
					break
				}
				p.signal(by)
				code := p.end()
				if code == cli.OK {
					break
				}
				if want := map[syscall.Signal]int{syscall.SIGKILL: -1, syscall.SIGTERM: 143, syscall.SIGINT: 130}[by]; code != want {
					t.Fatalf("after %v the exit code is %d, want %d: %s", by, code, want, p.stderr.String())
				}
				if strings.Contains(names(t, dir), " part-") || strings.HasPrefix(names(t, dir), "part-") {
					t.Fatalf("a killed shard leaves %s", names(t, dir))
				}
				if kills++; kills > 1 && !strings.Contains(p.stderr.String(), "infer: shard 0/1 goes on after ") {
					t.Errorf("it doesn't go on: %q", p.stderr.String())
				}
				done = saved(t, dir)
			}
			if kills == 0 {
				t.Fatal("no process was killed")
			}
			p := start(t, shardArgs(model, input, dir, "0/1", more...)...)
			if p.end() != cli.OK {
				t.Fatal(p.stderr.String())
			}
			part := "part-00000-of-00001." + format
			if filetest.Read(t, filepath.Join(dir, part)) != filetest.Read(t, filepath.Join(want, part)) {
				t.Error("the part differs from that of an uninterrupted shard")
			}
			filetest.Holds(t, dir, label.SuccessFile, label.Shard{Index: 0, Count: 1}.MarkerName(), part)
			all, err := label.ReadSuccess(dir)
			if err != nil {
				t.Fatal(err)
			}
			uninterrupted, err := label.ReadSuccess(want)
			if err != nil {
				t.Fatal(err)
			}
			if all.Seconds = uninterrupted.Seconds; all != uninterrupted || all.Counts.Records != calls {
				t.Errorf("it says %+v, want %+v", all, uninterrupted)
			}
			t.Logf("%d kills, the last after %d calls", kills, done)
		})
	}
}

// The same shard twice at once, beside the others: each part once, and nothing else.
func TestShardsAtOnce(t *testing.T) {
	model, input, dir := modelDir(t, testTasks()), tinymodel.CallsFile(t, 400), t.TempDir()
	var side []*process
	for i := range 3 {
		side = append(side, start(t, shardArgs(model, input, dir, fmt.Sprintf("%d/2", i%2))...))
	}
	for _, p := range side {
		if p.end() != cli.OK {
			t.Errorf("%s", p.stderr.String())
		}
	}
	filetest.Holds(t, dir, label.SuccessFile, "_part-00000-of-00002.json", "_part-00001-of-00002.json", "part-00000-of-00002.jsonl", "part-00001-of-00002.jsonl")
	parts := filetest.Read(t, filepath.Join(dir, "part-00000-of-00002.jsonl")) + filetest.Read(t, filepath.Join(dir, "part-00001-of-00002.jsonl"))
	if whole := infer("", "--model", model, "--input", input); !goldentest.AlikeLines(parts, whole.out) {
		t.Error("the parts aren't what comes out without shards")
	}
}

// A second process begins while the first is at work, and ends before it: neither
// loses anything, and what both leave is one part.
func TestShardOvertaken(t *testing.T) {
	model, input, dir := modelDir(t, testTasks()), tinymodel.CallsFile(t, 600), t.TempDir()
	slow := start(t, shardArgs(model, input, dir, "0/1")...)
	if !slow.hasSaved(dir, 0) {
		t.Fatalf("it ended before: %s", slow.stderr.String())
	}
	slow.signal(syscall.SIGSTOP)
	if p := start(t, shardArgs(model, input, dir, "0/1")...); p.end() != cli.OK || !strings.Contains(p.stderr.String(), "goes on after") {
		t.Errorf("the second: %s", p.stderr.String())
	}
	part := filepath.Join(dir, "part-00000-of-00001.jsonl")
	first := filetest.Read(t, part)
	slow.signal(syscall.SIGCONT)
	if slow.end() != cli.OK {
		t.Errorf("the first: %s", slow.stderr.String())
	}
	if filetest.Read(t, part) != first || strings.Count(first, "\n") != 600 {
		t.Error("the two wrote different parts")
	}
	filetest.Holds(t, dir, label.SuccessFile, "_part-00000-of-00001.json", "part-00000-of-00001.jsonl")
}

// A job's failure policy can tell errors apart.
func TestShardExitCodes(t *testing.T) {
	model, other, input, dir := modelDir(t, testTasks()), modelDir(t, testTasks()[:1]), tinymodel.CallsFile(t, 20), t.TempDir()
	bad := filetest.Folder(t, map[string]string{"calls.jsonl": "{\"text\":\"Hello\"}\n{\"text\":\"SECRET\n"})
	empty := filetest.Folder(t, map[string]string{"calls.txt": ""})
	done, others := filepath.Join(dir, "done"), filepath.Join(dir, "others")
	for _, args := range [][]string{shardArgs(model, input, done, "0/1"), shardArgs(model, input, others, "1/3")} {
		if got := infer("", args...); got.code != cli.OK {
			t.Fatalf("%+v", got)
		}
	}
	damaged := t.TempDir()
	if err := os.CopyFS(damaged, os.DirFS(model)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(damaged, "model.safetensors"), 1000); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, test := range map[string]struct {
		args []string
		code int
		err  string // in the one line on standard error
	}{
		"bad record":     {shardArgs(model, bad, at("a"), "0/1"), exitData, "calls.jsonl: line 2: broken JSON at byte 15"},
		"no call":        {shardArgs(model, empty, at("a"), "0/1"), exitData, "there is no call in it"},
		"no input":       {shardArgs(model, at("none.txt"), at("a"), "0/1"), exitNoInput, "none.txt: no such file"},
		"no such input":  {shardArgs(model, at("*.xml"), at("a"), "0/1"), exitNoInput, "no file is called like"},
		"empty folder":   {shardArgs(model, t.TempDir(), at("a"), "0/1"), exitNoInput, "there is no file of calls"},
		"no model":       {shardArgs(at("none"), input, at("a"), "0/1"), exitModel, "there is no model directory"},
		"damaged model":  {shardArgs(damaged, input, at("a"), "0/1"), exitModel, "cut short"},
		"task unknown":   {shardArgs(model, input, at("a"), "0/1", "--tasks", "mood"), exitModel, `no task "mood" in this model`},
		"thresholds":     {shardArgs(model, input, at("a"), "0/1", "--thresholds", at("none")), exitModel, "none"},
		"device":         {shardArgs(model, input, at("a"), "0/1", "--device", "tpu"), exitModel, `device "tpu"`},
		"output a file":  {shardArgs(model, input, input, "0/1"), exitOutput, "not a directory"},
		"another model":  {shardArgs(other, input, done, "0/1"), exitOutput, "was made with another model: choose another --output, or give --overwrite"},
		"another input":  {shardArgs(model, tinymodel.CallsFile(t, 21), done, "0/1"), exitOutput, "was made with another input"},
		"another format": {shardArgs(model, input, done, "0/1", "--format", "csv"), exitOutput, "was made with another --format"},
		"other options":  {shardArgs(model, input, done, "0/1", "--scores"), exitOutput, `was made with another setting (see "options" in it)`},
		"other heads":    {shardArgs(model, input, done, "0/1", "--independent-heads"), exitOutput, `was made with another setting (see "options" in it)`},
		"other number":   {shardArgs(model, input, others, "0/2"), exitOutput, "holds _part-00001-of-00003.json, one of 3 shards"},
		"no number":      {shardArgs(model, input, at("a"), "1"), cli.Misuse, "want I/N"},
		"no output":      {[]string{"--model", model, "--input", input, "--shard", "0/1"}, cli.Misuse, "--shard wants a folder for --output"},
		"standard input": {shardArgs(model, "-", at("a"), "0/1"), cli.Misuse, "--shard wants files for --input"},
		"a device":       {shardArgs(model, "/dev/null", at("a"), "0/1"), cli.Misuse, "--shard wants files for --input, not pipes"},
		"text":           {shardArgs(model, input, at("a"), "0/1", "--format", "text"), cli.Misuse, "--shard writes --format jsonl or csv"},
		"marks in csv":   {shardArgs(model, input, at("a"), "0/1", "--format", "csv", "--mark-bad-records"), cli.Misuse, "--mark-bad-records is for"},
		"overwrite":      {[]string{"--model", model, "--input", input, "--overwrite"}, cli.Misuse, "--overwrite belongs to --shard"},
		"two inputs":     {[]string{"--model", model, "--input", input, "--input", "-"}, cli.Misuse, "--input - is standard input"},
	} {
		t.Run(name, func(t *testing.T) {
			got := infer("", test.args...)
			if got.code != test.code || !strings.Contains(got.err, test.err) || strings.Count(got.err, "\n") != 1 || strings.Contains(got.err, "SECRET") {
				t.Errorf("code %d, want %d; standard error %q, want %q in it", got.code, test.code, got.err, test.err)
			}
		})
	}
	marked := infer("", shardArgs(model, bad, at("b"), "0/1", "--mark-bad-records")...)
	if part := filetest.Read(t, filepath.Join(at("b"), "part-00000-of-00001.jsonl")); marked.code != cli.OK || strings.Count(part, "\n") != 2 || strings.Count(part, `"error"`) != 1 {
		t.Errorf("marked: %+v, %q", marked, part)
	}
}

// A full disk may be less full next time. What was saved is used then.
func TestShardOnAFullDisk(t *testing.T) {
	disktest.Alone(t, func() {
		model, input, dir := modelDir(t, testTasks()), tinymodel.CallsFile(t, 200), t.TempDir()
		args := shardArgs(model, input, dir, "0/1")
		disktest.WithFileLimit(t, 20000, func() {
			if got := infer("", args...); got.code != exitAgain || !strings.Contains(got.err, "write output: ") || strings.Count(got.err, "\n") != 1 {
				t.Errorf("%+v", got)
			}
		})
		if got := names(t, dir); strings.Contains(got, "part-00000-of-00001.jsonl ") || strings.Contains(got, "_") {
			t.Errorf("it leaves %s", got)
		}
		if got := infer("", args...); got.code != cli.OK || !strings.Contains(got.err, "goes on after ") {
			t.Errorf("with room: %+v", got)
		}
		filetest.Holds(t, dir, label.SuccessFile, "_part-00000-of-00001.json", "part-00000-of-00001.jsonl")
	})
}

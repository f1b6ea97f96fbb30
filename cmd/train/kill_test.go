package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// kills is how many processes TestKills kills.
var kills = flag.Int("kills", 50, "how many processes TestKills kills")

// chains is how many runs are killed and resumed side by side.
const chains = 4

// killArgs are a run that validates and stores its state inside epochs, and
// tests the best weights at its end. data is the folder of the data.
func killArgs(data string, more ...string) []string {
	args := slices.Clone(tiny)
	for _, setting := range append([]string{
		"backbone.dropout=0.1", "data.test_size=0.2", "data.validation_size=0.2", "training.learning_rate=1e-2",
		"training.eval_steps=3", "training.save_steps=2", "training.metric_for_best_model=loss",
		"data.ner_path=" + data + "/ner_synthetic_dataset_v1.jsonl",
		"data.classification_path=" + data + "/cases_generated_data_v0005.json",
		"data.qa_path=" + data + "/synthetic_qa_metrics_data_v01x.json",
	}, more...) {
		args = append(args, "--set", setting)
	}
	return args
}

// TestKills kills trainings at random times and resumes them, again and again:
// what they leave is what an uninterrupted one leaves.
func TestKills(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	data := filepath.Join(quickDir(t), "data")
	makeData(t, data)
	var side sync.WaitGroup
	for chain := range chains {
		args := killArgs(data)
		if chain%2 == 1 { // one that is stopped early, inside an epoch
			args = killArgs(data, "training.early_stopping_patience=2", "training.early_stopping_min_delta=0.5")
		}
		dirs := [2]string{quickDir(t), quickDir(t)}
		side.Add(1)
		go func() {
			defer side.Done()
			c := killing{t: t, args: args, dir: dirs[0], random: rand.New(rand.NewPCG(seed, uint64(chain)))}
			began := time.Now()
			earlierModel(t, dirs[1])
			if code, by := start(t, dirs[1], args...).end(); code != 0 {
				t.Errorf("the uninterrupted run ends with code %d, %v", code, by)
				return
			}
			c.want, c.takes = leftBy(t, dirs[1]), time.Since(began)
			if stopped := string(c.want["mlruns/tags/stopped_early"]); stopped != fmt.Sprint(chain%2 == 1) {
				t.Errorf("stopped early: %q", stopped)
			}
			c.run((*kills + chain) / chains)
			t.Logf("chain %d: %d kills, %d of them before the first state, %d resumed, %d runs finished; waits up to %v", chain, c.killed, c.early, c.resumed, c.finished, c.takes.Round(time.Millisecond))
		}()
	}
	side.Wait()
}

// killing is a chain of runs that are killed.
type killing struct {
	t      *testing.T
	args   []string
	dir    string
	random *rand.Rand
	want   map[string][]byte
	takes  time.Duration // a run, about: the longest wait before a kill

	killed, early, resumed, finished int
}

func (c *killing) run(kills int) {
	earlierModel(c.t, c.dir)
	for resume := false; ; {
		args := c.args
		if resume {
			args = append(slices.Clone(args), "--resume")
			c.resumed++
		}
		p := start(c.t, c.dir, args...)
		wait := time.Hour
		if c.killed < kills {
			wait = time.Duration(c.random.Float64() * float64(c.takes))
		}
		if p.killAfter(wait) {
			c.killed++
		} else if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			c.t.Errorf("after %d kills a run ended with code %d: %s", c.killed, code, p.stderr.String())
			return
		}
		states, err := filepath.Glob(filepath.Join(c.dir, "models/quickstart.run/state-*"))
		if err != nil {
			c.t.Fatal(err)
		}
		if resume = len(states) > 0; resume {
			continue
		}
		if strings.Contains(p.stdout.String(), "Use it:") {
			c.finished++
			c.takes -= c.takes / 5
			sameLeft(c.t, leftBy(c.t, c.dir), c.want)
			if c.killed >= kills {
				return
			}
		} else {
			c.early++
			c.takes += c.takes / 10
		}
		for _, name := range []string{"models", "mlruns"} {
			if err := os.RemoveAll(filepath.Join(c.dir, name)); err != nil {
				c.t.Fatal(err)
			}
		}
		earlierModel(c.t, c.dir)
	}
}

// quickDir is a temporary folder in memory, where there is such a thing: what a
// killed process has written is there for the next one, flushed or not.
func quickDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "trident-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// makeData makes the tiny run's data in a folder.
func makeData(t *testing.T, dir string) {
	t.Helper()
	args := append(slices.Clone(tiny), "--dry-run")
	if code, _ := start(t, filepath.Dir(dir), args...).end(); code != 0 {
		t.Fatalf("making data ends with code %d", code)
	}
	if err := os.Rename(filepath.Join(filepath.Dir(dir), "data/quickstart"), dir+"-made"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+"-made", dir); err != nil {
		t.Fatal(err)
	}
}

// earlierModel puts a model of an earlier run where the new one will be.
func earlierModel(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "models/quickstart/model.safetensors")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	description := filepath.Join(filepath.Dir(path), "config.json")
	if err := errors.Join(os.WriteFile(path, []byte("the earlier model"), 0o600), os.WriteFile(description, []byte(`{"model_type": "distilbert"}`), 0o600)); err != nil {
		t.Fatal(err)
	}
}

var (
	seconds    = regexp.MustCompile(`"Seconds": [^,\n]*`)
	runFolder  = regexp.MustCompile(`mlruns/[0-9]+/[0-9a-f]{32}/`)
	timestamps = regexp.MustCompile(`(?m)^[0-9]+ `)
	ownTags    = regexp.MustCompile(`mlruns/tags/mlflow\.`)
)

// ownLines are those of an MLmodel that no two runs share.
var ownLines = regexp.MustCompile(`(?m)^ *(run_id|model_uuid|utc_time_created): .*$`)

// leftBy is what a run has left in dir, by path, as far as clocks have no part
// in it. The folder of the MLflow run, of which there must be one, is mlruns/.
func leftBy(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	left := map[string][]byte{}
	runs := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if folder := runFolder.FindString(name); folder != "" {
			runs[folder] = true
			name = "mlruns/" + strings.TrimPrefix(name, folder)
		}
		switch base := filepath.Base(name); {
		case strings.Contains(name, ".tmp-done/"): // killed while removing the state
			return nil
		case strings.HasPrefix(name, "mlruns/") && strings.HasPrefix(base, "."): // a file that MLflow passes over
			return nil
		case strings.HasPrefix(name, "mlruns/metrics/throughput/"), ownTags.MatchString(name), strings.HasPrefix(name, "mlruns/inputs/"):
			content = nil // that it is there is enough
		case strings.HasPrefix(name, "mlruns/metrics/"):
			content = timestamps.ReplaceAll(content, nil)
		case base == "MLmodel":
			content = ownLines.ReplaceAll(content, nil)
		case base == "metrics.json":
			content = seconds.ReplaceAll(content, nil)
		case name == "mlruns/meta.yaml":
			content = regexp.MustCompile(`status: .*`).Find(content)
		case strings.HasPrefix(name, "mlruns/") && base == "meta.yaml": // an experiment's or a data set's
			return nil
		}
		if strings.HasPrefix(name, "mlruns/inputs/") { // under a hash of the run's id: count them
			name = "mlruns/inputs"
			content = slices.Concat(left[name], []byte("x"))
		}
		left[name] = content
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 {
		t.Errorf("%d MLflow runs, want one", len(runs))
	}
	return left
}

func sameLeft(t *testing.T, got, want map[string][]byte) {
	t.Helper()
	for name, content := range want {
		if found, ok := got[name]; !ok || !bytes.Equal(found, content) {
			t.Errorf("%s is %s, uninterrupted %s", name, shown(found, ok), shown(content, true))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is left over", name)
		}
	}
}

func shown(content []byte, ok bool) string {
	switch {
	case !ok:
		return "missing"
	case len(content) > 500:
		return fmt.Sprintf("%d bytes", len(content))
	}
	return fmt.Sprintf("%q", content)
}

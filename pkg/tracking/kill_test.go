package tracking

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/mlflowtest"
)

// Some tests kill a training that records with SIGKILL: another process, which is
// this test's program started anew with childVariable set.
const childVariable = "TRIDENT_TRACKING_CHILD"

func TestMain(m *testing.M) {
	if order := os.Getenv(childVariable); order != "" {
		os.Exit(child(order))
	}
	os.Exit(m.Run())
}

// childOrder is what a child is told; it can be encoded as JSON.
type childOrder struct {
	URI, Name, OutboxDir, Fallback, ResumeID string
	From                                     int64 // the first step
}

// savePeriod is after how many steps a child saves its state.
const savePeriod = 10

// child records steps, without end, as a training does: it saves its state now and
// then, and goes on from there when it is resumed. Each line that it prints says
// what it has done. It finishes the run when its standard input says so, and
// ends with it.
func child(text string) int {
	var order childOrder
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	run, err := Open(context.Background(), Options{
		URI: order.URI, RunName: order.Name, OutboxDir: order.OutboxDir, Fallback: order.Fallback, ResumeID: order.ResumeID,
		Getenv: noEnv, Warn: func(line string) { fmt.Println("warning:", line) },
	})
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	fmt.Println("run", run.ID())
	var told atomic.Bool
	go func() {
		said, _ := io.ReadAll(os.Stdin)
		if len(said) == 0 {
			os.Exit(1) // the test is gone
		}
		told.Store(true)
	}()
	for step := order.From; !told.Load(); step++ {
		run.LogMetrics(step, stepMetrics(step))
		fmt.Println("step", step)
		if step%savePeriod == 0 {
			if err := run.Flush(context.Background()); err != nil {
				fmt.Println("failed:", err)
				return 1
			}
			fmt.Println("saved", step)
		}
		time.Sleep(time.Millisecond)
	}
	if err := run.Finish(context.Background(), Finished); err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	fmt.Println("finished")
	return 0
}

func stepMetrics(step int64) map[string]float64 {
	return map[string]float64{"train/loss": 1 / float64(step), "lr": float64(step) * 1e-5}
}

// training is a child.
type training struct {
	t           *testing.T
	cmd         *exec.Cmd
	in          io.WriteCloser
	out         *bufio.Scanner
	id          string
	step, saved int64 // the last ones that it printed
}

func startTraining(t *testing.T, order childOrder) *training {
	t.Helper()
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	c := &training{t: t, cmd: exec.Command(os.Args[0]), step: order.From - 1, saved: order.From - 1}
	c.cmd.Env = mlflowtest.Env(t.TempDir(), childVariable+"="+string(text))
	c.cmd.Dir = t.TempDir()
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		c.in, err = c.cmd.StdinPipe()
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	t.Cleanup(func() { c.in.Close() })
	c.read("run")
	return c
}

// read reads what the child prints up to the next line that begins so.
func (c *training) read(word string) {
	c.t.Helper()
	for c.out.Scan() {
		if c.note(c.out.Text()) == word {
			return
		}
	}
	c.t.Fatalf("the training ended before it printed %q: %v", word, c.out.Err())
}

// note takes in a line that the child printed, and returns its first word.
func (c *training) note(line string) string {
	c.t.Helper()
	said, rest, _ := strings.Cut(line, " ")
	var err error
	switch said {
	case "failed:":
		c.t.Fatal(line)
	case "run":
		c.id = rest
	case "step":
		c.step, err = strconv.ParseInt(rest, 10, 64)
	case "saved":
		c.saved, err = strconv.ParseInt(rest, 10, 64)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return said
}

// reach waits until the child has recorded n more steps.
func (c *training) reach(n int64) {
	c.t.Helper()
	for end := c.step + n; c.step < end; {
		c.read("step")
	}
}

// kill ends the child by SIGKILL, at whatever it is doing.
func (c *training) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	for c.out.Scan() { // what it printed before
		c.note(c.out.Text())
	}
	if err := c.cmd.Wait(); err == nil {
		c.t.Fatal("the training wasn't killed")
	}
}

// finish lets the child end by itself.
func (c *training) finish() {
	c.t.Helper()
	_, err := io.WriteString(c.in, "finish\n")
	if err == nil {
		err = c.in.Close()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.read("finished")
	if err := c.cmd.Wait(); err != nil {
		c.t.Fatal(err)
	}
}

// wantSteps checks that a run holds the steps 1 to last of every metric, each once
// and in order. A kill may fall between a step's record and its line: one
// step more is as good.
func wantSteps(t *testing.T, metrics map[string][][3]float64, last int64) {
	t.Helper()
	for key, points := range metrics {
		if n := int64(len(points)); n != last && n != last+1 {
			t.Errorf("%s has %d points, want %d", key, n, last)
		}
		for i, p := range points {
			if step := int64(i) + 1; p[0] != float64(step) || p[1] != stepMetrics(step)[key] {
				t.Fatalf("point %d of %s is %v at step %v", step, key, p[1], p[0])
			}
		}
	}
	if len(metrics) != len(stepMetrics(1)) {
		t.Errorf("metrics %v", metrics)
	}
}

// A training that is killed again and again, and goes on each time from its last
// saved state, leaves one run with every step once. The store is a folder.
func TestKilledWhileRecordingToFiles(t *testing.T) {
	order := childOrder{URI: filepath.Join(t.TempDir(), "mlruns"), Name: "killed", From: 1}
	for life := range int64(8) {
		c := startTraining(t, order)
		c.reach(7*life + 3)
		c.kill()
		if order.ResumeID != "" && c.id != order.ResumeID {
			t.Fatalf("went on as run %s, not %s", c.id, order.ResumeID)
		}
		// What was there when the state was saved is there.
		if flushed := wantWhole(t, order.URI, c.id); flushed < c.saved {
			t.Fatalf("killed after step %d, the run holds %d steps, but step %d was flushed", c.step, flushed, c.saved)
		}
		order.ResumeID, order.From = c.id, c.saved+1
	}
	c := startTraining(t, order)
	c.reach(25)
	c.finish()
	wantSteps(t, fileMetrics(t, order.URI, c.id), c.step)
}

// wantWhole checks a killed run's metrics, in which at most the last line is torn,
// and returns the last step that each of them holds.
func wantWhole(t *testing.T, root, run string) int64 {
	t.Helper()
	last := int64(1 << 62)
	metrics := fileMetrics(t, root, run)
	for key := range stepMetrics(1) {
		points := metrics[key]
		for i, p := range points {
			if p[0] != float64(i+1) {
				t.Fatalf("point %d of %s is of step %v", i+1, key, p[0])
			}
		}
		last = min(last, int64(len(points)))
	}
	return last
}

// fileMetrics reads the whole lines of a run's metrics in a file store.
func fileMetrics(t *testing.T, root, run string) map[string][][3]float64 {
	t.Helper()
	places, err := filepath.Glob(filepath.Join(root, "*", run, metricsFolder))
	if err != nil || len(places) != 1 {
		t.Fatalf("the run is in %v (%v)", places, err)
	}
	metrics := map[string][][3]float64{}
	for key := range stepMetrics(1) {
		data, err := os.ReadFile(filepath.Join(places[0], key))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if p, ok := parsePoint([]byte(line)); ok && strings.HasSuffix(line, "\n") {
				metrics[key] = append(metrics[key], [3]float64{float64(p.step), p.value, float64(p.time)})
			}
		}
	}
	return metrics
}

// While the server is away a training ends, whose Finish is bounded, and two are
// killed. One of these is resumed before the server is back; the others are sent by
// Sync.
func serverOutageAndKills(t *testing.T, server *mlflowtest.Server) {
	dir := t.TempDir()
	resumed := childOrder{URI: server.URI, Name: t.Name() + " and resumed", OutboxDir: filepath.Join(dir, "resumed"), Fallback: dir, From: 1}
	synced := childOrder{URI: server.URI, Name: t.Name() + " and synced", OutboxDir: filepath.Join(dir, "synced"), Fallback: dir, From: 1}
	c, other := startTraining(t, resumed), startTraining(t, synced)
	c.reach(25)
	other.reach(25)
	ending := trainingOptions(t, server.URI)
	ending.Warn = nil
	run := mustOpen(t, ending)
	logTraining(t, run, func(epoch int) {
		if epoch == 3 {
			server.Kill()
		}
	})
	c.reach(25)
	other.reach(25)
	c.kill()
	other.kill()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	wantError(t, run.Finish(ctx, Finished), ErrUnsent, "sync", ending.OutboxDir)

	resumed.ResumeID, resumed.From = c.id, c.saved+1
	c = startTraining(t, resumed)
	c.reach(25)
	server.Restart()
	c.reach(25)
	c.finish()
	got := readWithPython(t, server.URI, defaultExperiment, resumed.Name)
	if got.Runs != 1 || got.ID != resumed.ResumeID || got.Status != string(Finished) {
		t.Errorf("%d runs; %s is %s, want %s FINISHED", got.Runs, got.ID, got.Status, resumed.ResumeID)
	}
	wantSteps(t, got.Metrics, c.step)

	o := Options{Getenv: noEnv, Warn: func(line string) { t.Errorf("warning: %s", line) }}.withDefaults()
	if err := errors.Join(syncAll(t.Context(), synced.OutboxDir, o), syncAll(t.Context(), ending.OutboxDir, o)); err != nil {
		t.Fatal(err)
	}
	got = readWithPython(t, server.URI, defaultExperiment, synced.Name)
	if got.Runs != 1 || got.ID != other.id || got.Status != string(Killed) {
		t.Errorf("%d runs; %s is %s, want %s KILLED", got.Runs, got.ID, got.Status, other.id)
	}
	wantSteps(t, got.Metrics, other.step)
	wantTraining(t, readWithPython(t, server.URI, ending.Experiment, ending.RunName), Finished)
	for _, outbox := range []string{resumed.OutboxDir, synced.OutboxDir, ending.OutboxDir} {
		if entries, _ := os.ReadDir(outbox); len(entries) > 0 {
			t.Errorf("the outbox folder still holds %v", entries)
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trident-nlp/trident/bench/report"
)

// TestTable: rates by their median, times of all rounds together, ratios round
// for round.
func TestTable(t *testing.T) {
	var r results
	for i, rate := range []int{10, 20, 40} {
		r.add(measurement{Server: "ours", Kind: saturation, Count: rate * 10, Seconds: 10})
		r.add(measurement{Server: "ours", Kind: without, Count: rate * 20, Seconds: 16})
		r.add(measurement{Server: "theirs", Kind: saturation, Count: rate, Seconds: []float64{2, 4, 5}[i]})
		r.add(measurement{Server: "ours", Kind: lone, Count: 2, TookMS: []float64{10, 12}})
		r.add(measurement{Server: "theirs", Kind: lone, Count: 1, TookMS: []float64{1100}})
		r.add(measurement{Server: "ours", Kind: random, Count: 1, TookMS: []float64{33}})
	}
	r.add(measurement{Server: "ours", Kind: flood, Count: 30, Seconds: 10, MemoryMB: []float64{100, 120, 130, 125, 110, 131, 131}, Statuses: map[string]int{answered: 30, refused: 70}})
	r.add(measurement{Server: "theirs", Kind: flood, Count: 2, Seconds: 10, MemoryMB: []float64{500}, Statuses: map[string]int{answered: 2, timedOut: 997, "error": 1}})
	r.Runs = []run{{Started: time.Unix(0, 0).UTC(), Seconds: 10, Parts: []string{lone}, Machine: report.Machine{CPU: "Abacus", Cores: 2},
		Agreement: []agreement{{"ours", 50, 0}, {"theirs", 50, 1}}}}
	got := table(r, []string{"ours", "theirs"}, "theirs").Markdown() + r.describe()
	for _, line := range []string{
		"|  | ours | theirs | ours : theirs |",
		"| labels other than ours's | 0 of 50 | 1 of 50 | – |",
		"| offline, calls/s | 25.0 | – | – |",
		"| server at saturation, calls/s | 20.0 | 5.00 | 4.0× |",
		"| share of offline (each round) | 80 % (80, 80, 80) | – | – |",
		"| a lone call, p50 / p99 in ms (calls) | 11.0 / 12.0 (6) | 1100 / 1100 (3) | 100.0× / 91.8× |",
		"| half load, random arrivals, p50 / p99 in ms (calls) | 33.0 / 33.0 (3) | – | – / – |",
		"| p99 at half load, of a lone call's p50: even / random | – / 3.0× | – | – |",
		"| flood: answers with 200 / 429 / none in time / other | 30 / 70 / 0 / 0 | 2 / 0 / 997 / 1 | – |",
		"| flood, calls answered a second | 3.00 | 0.20 | 15.0× |",
		"| resident memory, MB: before the flood, in its three thirds | 100, 130, 125, 131 | 500, –, –, – | – |",
		"1970-01-01 00:00: lone; 10 s each; Abacus, 2 cores, 0 GB; load 0.0 before, 0.0 after.",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
	if strings.Contains(got, "evenly") {
		t.Error("a row of what wasn't measured")
	}
}

// TestWorkers: a slow server isn't given more than it answers in ten seconds.
func TestWorkers(t *testing.T) {
	r := results{Measurements: []measurement{
		{Server: "fast", Kind: lone, TookMS: []float64{1, 2, 3}}, {Server: "slow", Kind: lone, TookMS: []float64{2000}}, {Server: "stuck", Kind: lone, TookMS: []float64{60000}},
	}}
	m := measuring{flags: &flags{Workers: 48}, results: &r}
	for name, want := range map[string]int{"fast": 48, "slow": 5, "stuck": 1, "unknown": 48} {
		if got := m.workers(&server{name: name}); got != want {
			t.Errorf("%s: %d workers, want %d", name, got, want)
		}
	}
}

func TestResults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if r, err := readResults(path); err != nil || len(r.Runs) > 0 {
		t.Errorf("no file: %+v, %v", r, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readResults(path); err == nil || !strings.Contains(err.Error(), "move "+path+" away") {
		t.Errorf("a broken file: %v", err)
	}
}

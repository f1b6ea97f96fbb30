package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
)

// A signal ends it with 128 plus its number, and nothing is printed or written.
func TestSignal(t *testing.T) {
	w := newWorld(t)
	w.standard()
	if err := syscall.Mkfifo("thresholds.json", 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--model", "fusion", "--output", "out", "--bootstrap", "2000000000", "--thresholds", "thresholds.json"}, allData...)
	ended := make(chan result)
	go func() { ended <- eval(args...) }()
	if err := os.WriteFile("thresholds.json", []byte("{}"), 0o600); err != nil { // as soon as it is read: eval is running
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := <-ended; got.code != 130 || got.out != "" || got.err != "eval: stopped by a signal: interrupt\n" {
		t.Errorf("%+v", got)
	}
	nothingIn(t, "out")
}

func nothingIn(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) || len(entries) > 0 {
		t.Errorf("%s holds %v (%v)", dir, entries, err)
	}
}

// Each of eval's parts ends when it is told to.
func TestEachPartCanBeStopped(t *testing.T) {
	w := newWorld(t)
	w.standard()
	var out, errs bytes.Buffer
	f := &flags{Model: "fusion", Data: []string{"ner=" + nerFile, "cls=" + clsFile, "qa=" + qaFile}, Output: "out", TimedCalls: 1, BatchSize: 8, Device: "cpu", Precision: "fp32", Bootstrap: 1}
	e, err := f.evaluation(cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	if err != nil {
		t.Fatal(err)
	}
	defer e.drop()
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	ends := func(part string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", part, err)
		}
	}
	ends("loading", e.load(stopped))
	e.drop()
	e.candidates = nil
	if err := e.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ends("scoring", e.score(stopped, e.candidates[0]))
	if err := e.score(t.Context(), e.candidates[0]); err != nil {
		t.Fatal(err)
	}
	ends("timing", e.time(stopped))
	_, err = e.results(stopped)
	ends("the report", err)
	r, err := e.results(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.save(stopped, "out", true)
	ends("writing", err)
	nothingIn(t, "out")
}

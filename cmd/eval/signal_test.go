package main

import (
	"os"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
)

// A signal ends it with 128 plus its number, and nothing is printed or written.
func TestSignal(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
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

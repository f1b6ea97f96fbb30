package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/trident-nlp/trident/bench/protocol"
)

func TestWorkerAnswers(t *testing.T) {
	w, err := start(context.Background(), "best", fakeLine("fine"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer w.stop()
	if w.hello.Versions["torch"] != "1.2.3" {
		t.Errorf("hello %+v", w.hello)
	}
	for range 3 {
		r, err := w.ask(protocol.Request{Case: protocol.Batch, Precision: protocol.FP32})
		if err != nil || r.Seconds != 1 || r.Samples != 10 || r.Tokens != 1000 {
			t.Errorf("answer %+v, %v", r, err)
		}
	}
	w.resetPeak()
	if peak := w.peak(); peak < 1 || peak > 2000 {
		t.Errorf("peak memory %g MB", peak)
	}
}

func TestWorkersThatFail(t *testing.T) {
	for kind, want := range map[string][]string{
		"unready":   {"start worker x: its first line doesn't say that it is ready"},
		"stillborn": {"start worker x: it died (exit status 3); its last words:", "no model there"},
		"dies":      {"worker x, case train bf16: it died (exit status 7); its last words:", "out of luck"},
		"garbage":   {`worker x, case train bf16: its answer isn't one: "Traceback: what now?"`},
		"sleeps":    {"worker x, case train bf16: no answer in 300ms"},
		"refuses":   {"worker x, case train bf16: not today"},
	} {
		t.Run(kind, func(t *testing.T) {
			timeout := time.Minute
			w, err := start(context.Background(), "x", fakeLine(kind), timeout)
			if err == nil {
				defer w.stop()
				if kind == "sleeps" {
					w.timeout = 300 * time.Millisecond
				}
				_, err = w.ask(protocol.Request{Case: protocol.Train, Precision: protocol.BF16})
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q doesn't say %q", err, part)
				}
			}
		})
	}
	if _, err := start(context.Background(), "x", "/nowhere/at/all", time.Minute); err == nil || !strings.Contains(err.Error(), "start worker x: it died (exit status 127)") {
		t.Errorf("no such program: %v", err)
	}
}

func TestDeadWorkerStaysDead(t *testing.T) {
	w, err := start(context.Background(), "x", fakeLine("dies"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer w.stop()
	for range 2 {
		if _, err := w.ask(protocol.Request{Case: protocol.Train}); err == nil {
			t.Error("no error")
		}
	}
}

func TestTail(t *testing.T) {
	var end tail
	for range 1000 {
		if n, err := end.Write([]byte("0123456789")); n != 10 || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := end.String(); len(got) != tailBytes || !strings.HasSuffix(got, "6789") {
		t.Errorf("%d bytes kept", len(got))
	}
}

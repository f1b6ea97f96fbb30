package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/serve"
)

// TestRun measures a tiny model's server for a moment.
func TestRun(t *testing.T) {
	dir := tinymodel.Dir(t, 1)
	c := serve.Defaults()
	c.Log = slog.New(slog.DiscardHandler)
	c.QueueTokens = 2000 // so that the flood is more than it takes
	c.Open = func() (*serve.Model, error) { return serve.OpenModel(dir, gotch.CPU, torchx.FP32) }
	s, err := serve.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	var out, errors bytes.Buffer
	code := cli.Main("load", help, &flags{}, []string{"--url", web.URL, "--model", dir, "--threads", "1", "--calls", "8",
		"--rounds", "1", "--seconds", "0.2", "--requests", "400", "--workers", "4", "--connections", "200"}, cli.Streams{Out: &out, Err: &errors})
	if code != cli.OK {
		t.Fatalf("code %d: %s", code, errors.String())
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	switch {
	case r.Offline <= 0, r.Saturation <= 0, r.Share <= 0, r.Lone.Count == 0, r.Half.Count == 0, r.Even.Count == 0, r.P99Ratio <= 0, len(r.MemoryMB) != 7:
		t.Errorf("something wasn't measured: %s", out.String())
	case r.Flood.Statuses["200"] == 0:
		t.Errorf("the flood had no answer: %s", out.String())
	}
	for status := range r.Flood.Statuses {
		if status != "200" && status != "429" {
			t.Errorf("the flood had the answer %s", status)
		}
	}
}

func TestBadFlags(t *testing.T) {
	for name, args := range map[string][]string{
		"--calls is 0":     {"--calls", "0"},
		"--seconds is -1":  {"--seconds=-1"},
		"--requests is -3": {"--requests=-3"},
	} {
		var errors bytes.Buffer
		if code := cli.Main("load", help, &flags{}, args, cli.Streams{Err: &errors}); code != cli.Misuse || !strings.Contains(errors.String(), name) {
			t.Errorf("code %d, %q; want %q", code, errors.String(), name)
		}
	}
}

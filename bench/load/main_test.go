package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/serve"
)

// trident serves a tiny model.
func trident(t *testing.T, dir string) string {
	t.Helper()
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
	t.Cleanup(web.Close)
	return web.URL
}

// TestRun measures two servers of a tiny model for a moment, and then goes on.
func TestRun(t *testing.T) {
	dir := tinymodel.Dir(t, 1)
	file := filepath.Join(t.TempDir(), "results.json")
	args := []string{"--server", "a=" + trident(t, dir), "--server", "b=" + trident(t, dir), "--against", "b", "--model", dir, "--offline", "a=fp32",
		"--threads", "1", "--calls", "8", "--seconds", "0.1", "--requests", "400", "--workers", "4", "--connections", "200", "--results", file}
	for _, more := range [][]string{{"--rounds", "2"}, {"--rounds", "1", "--parts", "half"}} {
		var out, errors bytes.Buffer
		if code := cli.Main("load", help, &flags{}, append(args, more...), cli.Streams{Out: &out, Err: &errors}); code != cli.OK {
			t.Fatalf("code %d: %s", code, errors.String())
		}
		if !strings.Contains(out.String(), "| server at saturation, calls/s |") {
			t.Errorf("no table: %s", out.String())
		}
	}
	r, err := readResults(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) != 2 || len(r.Runs[0].Agreement) != 2 || r.Runs[0].Agreement[1].Labels == 0 || r.Runs[0].Agreement[1].Differ > 0 {
		t.Errorf("runs %+v", r.Runs)
	}
	var order []string
	for _, m := range r.Measurements {
		if m.Kind == lone {
			order = append(order, m.Server)
		}
		if m.Count == 0 || m.Seconds <= 0 {
			t.Errorf("nothing was answered: %s %s", m.Server, m.Kind)
		}
		for status := range m.Statuses {
			if status != answered && status != refused {
				t.Errorf("the flood had the answer %s", status)
			}
		}
	}
	if got := strings.Join(order, " "); got != "a b b a" {
		t.Errorf("turns %s", got)
	}
	for _, server := range []string{"a", "b"} {
		for kind, want := range map[string]int{lone: 2, saturation: 2, even: 3, random: 3, flood: 2} {
			if got := len(r.of(server, kind)); got != want {
				t.Errorf("server %s: %d of %s, want %d", server, got, kind, want)
			}
		}
	}
	if len(r.of("a", without)) != 2 || len(r.of("b", without)) != 0 {
		t.Error("offline is measured beside a alone")
	}
}

// TestProcesses starts servers.
func TestProcesses(t *testing.T) {
	logs := t.TempDir()
	for name, test := range map[string]struct {
		commands []string
		parts    string
		want     string // of standard error; empty: it works
	}{
		"two":                     {[]string{fake(t, "good"), fake(t, "good")}, "lone,saturation,half,flood", ""},
		"ends at once":            {[]string{fake(t, "broken")}, "lone", "start server s0: it ended (exit status 3); see " + filepath.Join(logs, "load-s0.log")},
		"other labels":            {[]string{fake(t, "good"), fake(t, "other")}, "lone", "server s1 gives other labels than s0: 9 of 9; do they have the same model?"},
		"more labels":             {[]string{fake(t, "good"), fake(t, "more")}, "lone", "server s1 gives 18 labels, s0 9: do they have the same model?"},
		"answers without labels":  {[]string{fake(t, "empty")}, "lone", "compare the labels of server s0: its answer isn't one prediction"},
		"half without saturation": {[]string{fake(t, "good")}, "half", "measure server s0, half: its saturation isn't known; give --parts saturation,half"},
	} {
		args := []string{"--rounds", "1", "--seconds", "0.1", "--requests", "50", "--workers", "2", "--connections", "4", "--calls", "3",
			"--parts", test.parts, "--logs", logs}
		for i, command := range test.commands {
			args = append(args, "--server", "s"+string(rune('0'+i))+"="+command)
		}
		var out, errors bytes.Buffer
		code := cli.Main("load", help, &flags{}, args, cli.Streams{Out: &out, Err: &errors})
		if want := map[bool]int{true: cli.OK, false: cli.Failure}[test.want == ""]; code != want || !strings.Contains(errors.String(), test.want) {
			t.Errorf("%s: code %d, %q; want %q", name, code, errors.String(), test.want)
		}
	}
}

func TestBadFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"--calls is 0":                     {"--calls", "0"},
		"--seconds is -1":                  {"--seconds=-1"},
		"--requests is -3":                 {"--requests=-3"},
		"--patience is 0s":                 {"--patience=0s"},
		"there is no nap":                  {"--parts", "lone,nap"},
		"want NAME=COMMAND":                {"--server", "http:"},
		"each name once":                   {"--server", "a=x"},
		"--offline: there is no server b":  {"--offline", "b=fp32", "--model", "m"},
		"--offline needs --model":          {"--offline", "a=fp32"},
		"want fp32, bf16 or int8":          {"--offline", "a=fp8", "--model", "m"},
		"--against: there is no server it": {"--against", "it"},
	} {
		var errors bytes.Buffer
		if code := cli.Main("load", help, &flags{}, append([]string{"--server", "a=x"}, args...), cli.Streams{Err: &errors}); code != cli.Misuse || !strings.Contains(errors.String(), want) {
			t.Errorf("code %d, %q; want %q", code, errors.String(), want)
		}
	}
}

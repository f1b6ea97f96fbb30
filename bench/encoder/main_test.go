package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The encoder in each precision and attention alone are timed, one answer a line.
func TestTimings(t *testing.T) {
	folder := cmp.Or(os.Getenv("TRIDENT_MINILM"), filepath.Join("..", "..", ".minilm"))
	if _, err := os.Stat(folder); err != nil {
		t.Fatalf("no model at %s: run scripts/fetch_minilm.sh, or set TRIDENT_MINILM", folder)
	}
	requests := []string{
		`{"batch": 1, "tokens": 4, "precision": "fp32"}`,
		`{"batch": 2, "tokens": 3, "precision": "bf16"}`,
		`{"batch": 1, "tokens": 4, "precision": "int8"}`,
		`{"batch": 2, "tokens": 5, "heads": 2, "width": 26}`,
		`{"batch": 2, "tokens": 300, "heads": 12, "width": 26, "training": true}`,
	}
	var out bytes.Buffer
	if err := run(folder, strings.NewReader(strings.Join(requests, "\n")), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(requests) {
		t.Fatalf("%d answers to %d requests", len(lines), len(requests))
	}
	for i, line := range lines {
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil || a.Milliseconds < 0 || a.MB < 50 {
			t.Errorf("%s: %s, %v", requests[i], line, err)
		}
	}
	for request, want := range map[string]string{
		`{`: "read request",
		`{"batch": 1, "tokens": 4, "precision": "fp8"}`:    `precision "fp8"`,
		`{"batch": 1, "tokens": 600, "precision": "fp32"}`: "600 tokens, but the encoder reads 512 at most",
	} {
		if err := run(folder, strings.NewReader(request), &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", request, err, want)
		}
	}
}

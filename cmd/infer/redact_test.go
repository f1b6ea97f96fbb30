package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/redact"
)

// redactedCalls are calls with what patterns find, an id that says it again, and more
// tokens than the model reads at once.
var redactedCalls = `{"id": "0712345678", "text": "😀 Hello my name is Mwakamba from Kisumu, 0712 345 678. He was beaten, mwakamba!"}
{"id": 7, "text": "Mwakamba's son, a.b@mail.org ` + strings.Repeat("Kisumu he was beaten from ", 20) + ` +254712345678"}
`

// redactedLine is a line of the output.
type redactedLine struct {
	ID       any
	Text     string
	Replaced []redact.Replacement
	NER      []redactedPart
	Entities []redactedPart
	Scores   *struct{ NER []map[string]float64 }
	Tasks    map[string]json.RawMessage

	Truncated bool
	Attention map[string][]struct{ Start, End int }
}

type redactedPart struct {
	Token, Text, Label string
	Start, End         int
}

// TestRedactLeavesNothing: whatever is asked for, and in whatever form, nothing that was
// replaced is in what is written.
func TestRedactLeavesNothing(t *testing.T) {
	dir := modelDir(t, slices.Concat(testTasks(), tinymodel.Custom(t)))
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range redact.Modes() {
		for _, format := range []string{"text", "json", "jsonl", "csv"} {
			for _, tasks := range []string{"ner,cls,qa,places,weapons,mood", "cls"} {
				kept := filepath.Join(t.TempDir(), "map.jsonl")
				args := []string{"--model", dir, "--input", "-", "--format", format, "--tasks", tasks, "--redact", string(mode), "--redact-map", kept}
				if mode.NeedsKey() {
					args = append(args, "--redact-key", key)
				}
				if format != "csv" && format != "text" {
					args = append(args, "--attention", "--scores")
				}
				got := infer(redactedCalls, args...)
				if got.code != 0 {
					t.Fatalf("%v: %+v", args, got)
				}
				originals := readOriginals(t, kept)
				if len(originals) < 5 || !slices.Contains(originals, "0712 345 678") {
					t.Fatalf("%v: replaced %q", args, originals)
				}
				for _, original := range append(originals, "0712345678") {
					if form := regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(original) + `($|[^\pL\pN])`); form.MatchString(got.out + got.err) {
						t.Errorf("%s as %s, tasks %s: %q is still there", mode, format, tasks, original)
					}
				}
				if !strings.Contains(got.err, "ids that held what is replaced") {
					t.Errorf("%v: nothing is said of the id: %s", args, got.err)
				}
			}
		}
	}
}

// readOriginals returns what a map says was replaced. Only its owner may read it.
func readOriginals(t *testing.T, path string) []string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		var one struct {
			Call               int
			Label, Replacement string
			Text               string
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil || one.Call < 1 || one.Call > 2 || one.Label == "" || one.Replacement == "" {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, one.Text)
	}
	return list
}

// TestRedactMovesSpans: all that the answer says of the text is about the new one.
func TestRedactMovesSpans(t *testing.T) {
	dir := modelDir(t, testTasks())
	got := infer(redactedCalls, "--model", dir, "--input", "-", "--format", "jsonl", "--redact", "label", "--scores", "--attention")
	if got.code != 0 {
		t.Fatal(got)
	}
	var parts int
	for line := range strings.Lines(got.out) {
		var one redactedLine
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		text := []rune(one.Text)
		if one.Truncated || len(one.Replaced) == 0 || len(one.NER) == 0 || len(one.Scores.NER) != len(one.NER) {
			t.Fatalf("%+v", one)
		}
		for _, r := range one.Replaced {
			if string(text[r.Start:r.End]) != r.Text || !strings.HasPrefix(r.Text, "["+r.Label+"_") {
				t.Errorf("%+v isn't there", r)
			}
		}
		for _, part := range slices.Concat(one.NER, one.Entities) {
			if parts++; string(text[part.Start:part.End]) != part.Token+part.Text {
				t.Errorf("%+v isn't there", part)
			}
		}
		last := 0
		for _, w := range one.Attention["qa"] {
			if w.Start < last || w.End > len(text) {
				t.Errorf("weights at %+v", w)
			}
			last = w.End
		}
	}
	if parts < 20 {
		t.Errorf("only %d parts were looked at", parts)
	}
	if !strings.Contains(got.out, `"id":"[PHONE_NUMBER_1]"`) || !strings.Contains(got.out, `"id":7,`) {
		t.Error("ids aren't as they should be")
	}
}

func TestRedactOptions(t *testing.T) {
	dir := modelDir(t, testTasks())
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, []byte("short"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv(redact.KeyVariable, "")
	for name, test := range map[string]struct {
		args string
		code int
		want string
	}{
		"unknown mode":       {"--redact all", 2, "mask"},
		"labels alone":       {"--redact-labels NAME", 2, "go with --redact"},
		"no key":             {"--redact hash", 2, "--redact-key FILE"},
		"short key":          {"--redact hash --redact-key " + there, 1, "openssl rand"},
		"no such key":        {"--redact hash --redact-key /none", 1, "/none"},
		"needless key":       {"--redact mask --redact-key " + there, 2, "not mask"},
		"map is there":       {"--redact mask --redact-map " + there, 2, "isn't overwritten"},
		"map is the output":  {"--redact mask --redact-map x --output ./x", 2, "same file"},
		"map with a shard":   {"--redact mask --redact-map x --shard 0/2 --output x", 2, "--shard"},
		"truncated":          {"--redact mask --long truncate", 2, "to their end"},
		"empty label":        {"--redact mask --redact-labels NAME,", 2, "a label is empty"},
		"unknown label":      {"--redact mask --redact-labels NAME,HOUSE", 1, `"HOUSE"; there are NAME`},
		"labels":             {"--redact label --redact-labels PHONE_NUMBER", 0, ""},
		"map without folder": {"--redact mask --redact-map /none/map", 1, "/none"},
	} {
		t.Run(name, func(t *testing.T) {
			got := infer("", append([]string{"--model", dir, "--text", "Kisumu 0712345678"}, strings.Fields(test.args)...)...)
			if got.code != test.code || !strings.Contains(got.err, test.want) || strings.Contains(got.err, "0712345678") {
				t.Errorf("got %+v", got)
			}
		})
	}
	if data, err := os.ReadFile(there); err != nil || string(data) != "short" {
		t.Error("the file was changed")
	}
	cls := modelDir(t, testTasks()[1:2])
	if got := infer("", "--model", cls, "--text", "Kisumu", "--redact", "mask"); got.code != 1 || !strings.Contains(got.err, "names would stay") {
		t.Errorf("a model without entities: %+v", got)
	}
	if got := infer("", "--model", cls, "--text", "Kisumu 0712345678", "--redact", "mask", "--redact-labels", "PHONE_NUMBER"); got.code != 0 || !strings.Contains(got.out, "Kisumu *****") {
		t.Errorf("patterns alone: %+v", got)
	}
}

// TestRedactKeyFromEnvironment: the variable's key gives the same as the file's, another one
// something else, and no key is in what is written.
func TestRedactKeyFromEnvironment(t *testing.T) {
	dir := modelDir(t, testTasks())
	key := filepath.Join(t.TempDir(), "key")
	secret := strings.Repeat("s3cret", 6)
	if err := os.WriteFile(key, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) result {
		got := infer("", append([]string{"--model", dir, "--text", "0712345678", "--redact", "hash", "--format", "json"}, args...)...)
		if got.code != 0 || strings.Contains(got.out+got.err, secret) {
			t.Fatal(got)
		}
		return got
	}
	t.Setenv(redact.KeyVariable, secret)
	variable := run()
	t.Setenv(redact.KeyVariable, strings.Repeat("other", 8))
	if file := run("--redact-key", key); file != variable {
		t.Errorf("got %+v and %+v", file, variable)
	}
	if other := run(); other == variable {
		t.Error("the key doesn't matter")
	}
}

// TestRedactUncased: it is said that names without capitals are hardly found.
func TestRedactUncased(t *testing.T) {
	dir := modelDir(t, testTasks())
	for text, want := range map[string]bool{"hello my name is mwakamba": true, "Hello my name is mwakamba": false, "0712345678": false} {
		got := infer("", "--model", dir, "--text", text, "--redact", "mask", "--tasks", "cls", "--redact-labels", "PHONE_NUMBER", "--format", "jsonl")
		if strings.Contains(got.err, "without a capital letter: 1 of 1") != want || got.code != 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// TestRedactedShards: a folder of shards with another way of redacting is refused.
func TestRedactedShards(t *testing.T) {
	dir := modelDir(t, testTasks())
	calls := tinymodel.CallsFile(t, 6)
	out := t.TempDir()
	args := []string{"--model", dir, "--input", calls, "--output", out, "--shard"}
	if got := infer("", append(args, "0/2", "--redact", "label")...); got.code != 0 {
		t.Fatal(got)
	}
	if got := infer("", append(args, "1/2")...); got.code == 0 {
		t.Error("a shard that isn't redacted goes beside one that is")
	}
	if got := infer("", append(args, "1/2", "--overwrite", "--redact", "label")...); got.code != 0 {
		t.Error(got)
	}
	part, err := os.ReadFile(filepath.Join(out, "part-00001-of-00002.jsonl"))
	if err != nil || !strings.Contains(string(part), `"text":`) {
		t.Errorf("%s, %v", part, err)
	}
}

package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// many is a command with flags of all kinds.
type many struct {
	Model  string   `required:"" placeholder:"DIR" help:"The model's [directory]: it's needed."`
	Input  []string `placeholder:"FILE" help:"Files."`
	Format string   `enum:"text,json,jsonl" default:"text" help:"A form."`
	Plots  bool     `default:"true" negatable:"" help:"Draw."`
	Seed   int      `placeholder:"N" help:"A number."`
	Secret string   `hidden:""`
}

func (*many) Run(context.Context, Streams) error { return nil }
func (*many) Subcommands() []string              { return []string{"sync"} }

// completionOf is what a command prints for a shell.
func completionOf(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := Main("many", "Many.", &many{}, args, Streams{Out: &out, Err: &errs}); code != OK || errs.Len() > 0 {
		t.Fatalf("code %d, stderr %q", code, errs.String())
	}
	return out.String()
}

func TestCompletionInBash(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal("the project needs bash:", err)
	}
	dir := t.TempDir()
	for _, path := range []string{"models", "a model"} {
		if err := os.Mkdir(filepath.Join(dir, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "calls.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const asks = `
compopt() { :; } # it works in a real completion alone
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_trident_many
printf '%s\n' "${COMPREPLY[@]}"`
	for line, want := range map[string][]string{
		"many --":             {"--completion", "--format", "--help", "--input", "--model", "--no-plots", "--plots", "--seed", "--version"},
		"many --f":            {"--format"},
		"many --no":           {"--no-plots"},
		"many --format |":     {"json", "jsonl", "text"},
		"many --format = j":   {"json", "jsonl"}, // as bash splits --format=j
		"many --format = |":   {"json", "jsonl", "text"},
		"many --format =":     {"json", "jsonl", "text"},
		"many --model |":      {"a model", "models"},
		"many --input |":      {"a model", "calls.txt", "models"},
		"many --seed |":       {""},
		"many |":              {"sync"},
		"many --model m --in": {"--input"},
	} {
		words := strings.Fields(line)
		if words[len(words)-1] == "|" {
			words[len(words)-1] = ""
		}
		cmd := exec.Command(shell, append([]string{"-c", completionOf(t, "--completion", "bash") + asks, "bash"}, words...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", line, got, err, want)
		}
	}
}

// The other shells are tried where they are.
func TestCompletionElsewhere(t *testing.T) {
	for shell, want := range map[string][]string{
		"zsh": {
			"#compdef many", `'--model=[The model'\''s \[directory\]\: it'\''s needed.]:model:_files -/'`, `'*--input=[Files.]:input:_files'`,
			`'--format=[A form.]:format:(text json jsonl)'`, "'--no-plots[The opposite of --plots.]'", "'1::command:(sync)'", "compdef _trident_many many",
		},
		"fish": {
			`complete -c many -l model -d 'The model\'s [directory]: it\'s needed.' -x -a '(__fish_complete_directories)'`,
			"complete -c many -l format -d 'A form.' -x -a 'text json jsonl'", "complete -c many -n __fish_is_first_arg -a sync",
		},
	} {
		script := completionOf(t, "--completion="+shell)
		for _, part := range want {
			if !strings.Contains(script, part) {
				t.Errorf("%s: %q is missing in\n%s", shell, part, script)
			}
		}
		if strings.Contains(script, "secret") {
			t.Errorf("%s: a hidden flag is offered", shell)
		}
		program, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("there is no %s: its script isn't tried", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(program, "-n", file).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s -n: %v, %s", shell, err, out)
		}
		if out, err := exec.Command(program, file).CombinedOutput(); err != nil || len(out) > 0 { // in a shell without any settings
			t.Errorf("%s: %v, %s", shell, err, out)
		}
	}
	var out, errs bytes.Buffer
	if code := Main("many", "", &many{}, []string{"--completion", "tcsh"}, Streams{Out: &out, Err: &errs}); code != Misuse || !strings.Contains(errs.String(), "want bash, zsh or fish") {
		t.Errorf("code %d, %q", code, errs.String())
	}
}

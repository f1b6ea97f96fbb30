package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
)

// reviewLine is a review of call n: what the model proposed for its priority, and what the
// reviewer says.
func reviewLine(n int, who, proposed, said string) string {
	return fmt.Sprintf(`{"v":1,"id":"%d%s","call":"c%d","who":%q,"when":"2026-11-27T12:00:00Z","model":"5f0c","old":{"classification":{"priority":%q},"entities":[{"start":0,"end":2,"label":"NAME"}]},`+
		`"new":{"classification":{"priority":%q},"entities":[{"start":0,"end":2,"label":"NAME"},{"start":4,"end":5,"label":"AGE"}]}}`+"\n", n, who, n, who, proposed, said)
}

func TestAgreement(t *testing.T) {
	var lines strings.Builder
	for i, labels := range [][3]string{{"1", "1", "1"}, {"1", "1", "2"}, {"2", "2", "2"}, {"1", "2", "2"}} {
		lines.WriteString(reviewLine(i, "kisumu", labels[0], labels[1]) + reviewLine(i, "nairobi", labels[0], labels[2]))
	}
	want := `model and people: 4 calls

label         calls  the same  kappa  model  people  both
cls/priority  4      50.0 %    0.200
  2                                   1      3       1
  1                                   3      1       1

entities  model  people  both  precision  recall  F1
ner/AGE   0      4       0     0.000      0.000   0.000
ner/NAME  4      4       4     1.000      1.000   1.000

kisumu and nairobi: 4 calls

label         calls  the same  kappa  kisumu  nairobi  both
cls/priority  4      75.0 %    0.500
  2                                   2       3        2
  1                                   2       1        1

entities  kisumu  nairobi  both  precision  recall  F1
ner/AGE   4       4        4     1.000      1.000   1.000
ner/NAME  4       4        4     1.000      1.000   1.000
`
	dir := filetest.Folder(t, map[string]string{"reviews.jsonl": lines.String()})
	for _, input := range []string{dir, "-"} {
		code, stdout, stderr := call(lines.String(), "--from", "reviews", "--input", input, "--agreement")
		var got strings.Builder
		for line := range strings.Lines(stdout) {
			got.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		if code != cli.OK || got.String() != want || stderr != "" {
			t.Errorf("%s: exit code %d, %q\n%s\nwant\n%s", input, code, stderr, got.String(), want)
		}
	}
	for name, args := range map[string][]string{
		"go with":     {"--from", "ner", "--input", dir, "--agreement"},
		"leave out":   {"--from", "reviews", "--input", dir, "--agreement", "--to", "ner"},
		"--to=FORMAT": {"--from", "reviews", "--input", dir},
	} {
		if code, _, stderr := call("", args...); code != cli.Misuse || !strings.Contains(stderr, strings.Replace(name, "go with", "give --from reviews", 1)) {
			t.Errorf("%s: exit code %d, %q", name, code, stderr)
		}
	}
}

// What a terminal would obey or hide is shown as it is written in Go.
func TestAgreementPlain(t *testing.T) {
	code, stdout, _ := call(reviewLine(1, "a\u202eb", "1", "2\u202e")+reviewLine(1, "c", "1", "1"), "--from", "reviews", "--input", "-", "--agreement")
	if code != cli.OK || strings.Contains(stdout, "\u202e") || !strings.Contains(stdout, `"a\u202eb" and c: 1 call`) || !strings.Contains(stdout, `"2\u202e"`) {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}

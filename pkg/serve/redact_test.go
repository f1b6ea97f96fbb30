package serve

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/client"
)

func TestRedact(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.RedactKey = []byte(strings.Repeat("k", 32)) })
	const number = "0712 345 678"
	long := strings.Repeat("my son is from Kisumu ", 20) // more than the model reads at once
	for mode, want := range map[string]string{"mask": "*****", "label": "[PHONE_NUMBER_1]", "pseudonym": "+254 000 ", "hash": "[PHONE_NUMBER_"} {
		got := s.predict(`{"texts": ["😀 call ` + number + `", "` + long + number + `"], "redact": "` + mode + `", "redact_labels": ["PHONE_NUMBER"], "scores": true, "attention": true}`)
		var answer client.Response
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.code != http.StatusOK {
			t.Fatalf("%s: %d, %v, %s", mode, got.code, err, got.body)
		}
		if strings.Contains(got.body, number) || strings.Contains(got.body, `"token":"0712"`) || strings.Contains(got.body, `"token":"678"`) {
			t.Errorf("%s: the number is still there", mode)
		}
		for i, p := range answer.Predictions {
			text := []rune(p.Text)
			at := slices.IndexFunc(p.Replaced, func(r client.Replacement) bool { return r.Label == "PHONE_NUMBER" && strings.HasPrefix(r.Text, want) })
			if at < 0 || p.Truncated {
				t.Errorf("%s, text %d: %+v", mode, i, p.Replaced)
				continue
			}
			if r := p.Replaced[at]; string(text[r.Start:r.End]) != r.Text {
				t.Errorf("%s, text %d: %+v isn't there", mode, i, r)
			}
			for _, token := range p.NER {
				if string(text[token.Start:token.End]) != token.Text {
					t.Errorf("%s, text %d: %+v isn't there", mode, i, token)
				}
			}
			if len(p.Scores.NER) != len(p.NER) {
				t.Errorf("%s, text %d: %d scores of %d words", mode, i, len(p.Scores.NER), len(p.NER))
			}
		}
	}
	// The entities needn't be asked for.
	got := s.predict(`{"texts": ["Mwakamba ` + number + `"], "redact": "label", "tasks": ["mood"]}`)
	if strings.Contains(got.body, `"ner"`) || !strings.Contains(got.body, `"text":`) || strings.Contains(got.body, number) {
		t.Error(got.body)
	}
}

func TestRedactProblems(t *testing.T) {
	s := newReadyServer(t, nil)
	for body, want := range map[string][2]string{
		`"redact": "all"`:                       {"redact", "want mask"},
		`"redact": 1`:                           {"redact", "want mask"},
		`"redact": "hash"`:                      {"redact", "no key"},
		`"redact": "pseudonym"`:                 {"redact", "no key"},
		`"redact_labels": ["NAME"]`:             {"redact_labels", "goes with redact"},
		`"redact": "mask", "redact_labels": []`: {"redact_labels", "at least one"},
		`"redact": "mask", "redact_labels": ["NAME", "` + secret + `"]`: {"redact_labels[1]", "there are NAME"},
		`"redact": "mask", "redact_labels": [1]`:                        {"redact_labels[0]", "want a label"},
		`"redact": "mask", "long": "truncate"`:                          {"long", "all of it is read"},
	} {
		got := s.predict(`{"texts": ["` + secret + `"], ` + body + `}`)
		status, field, detail := got.problem(t)
		if status != http.StatusUnprocessableEntity || field != want[0] || !strings.Contains(detail, want[1]) || strings.Contains(got.body, secret) {
			t.Errorf("%s: %d, %s, %s", body, status, field, detail)
		}
	}
	if got := s.predict(`{"texts": ["a"], "redact": null, "redact_labels": null}`); got.code != http.StatusOK || strings.Contains(got.body, `"replaced":`) {
		t.Errorf("null: %+v", got)
	}
}

// GET /v1/labels says how a page can have texts redacted.
func TestRedactModes(t *testing.T) {
	for want, key := range map[string][]byte{`"redact":["mask","label"]`: nil, `"redact":["mask","label","pseudonym","hash"]`: []byte(strings.Repeat("k", 32))} {
		s := newReadyServer(t, func(c *Config) { c.RedactKey = key })
		if got := s.do(t.Context(), "GET", "/v1/labels", ""); !strings.Contains(strings.ReplaceAll(got.body, " ", ""), want) {
			t.Errorf("got %s, want %s", got.body, want)
		}
	}
}

package annotations

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/tasks"
)

const reviewedText = "I am 😀 Amina from Kisumu"

// reviewFolder is a folder in which two people have reviewed a call, and one another.
func reviewFolder(t *testing.T, texts bool) string {
	t.Helper()
	dir := t.TempDir()
	s, _, err := reviews.Open(dir, reviews.Options{Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	add := func(who, based, text string, l reviews.Labels, unsure ...string) string {
		t.Helper()
		kept, err := s.Add(reviews.Review{Who: who, BasedOn: based, Record: "case-7", New: l, Unsure: unsure}, text)
		if err != nil {
			t.Fatal(err)
		}
		return kept.ID
	}
	first := add("nairobi", "", reviewedText, reviews.Labels{
		Entities:       []reviews.Span{{Start: 7, End: 12, Label: "VICTIM"}},
		Classification: map[string]string{"main_category": "GBV", "sub_category": "Physical Violence", "priority": "2"},
		QA: map[string][]int{
			"opening": {1}, "listening": {1, 0, 1, 0, 1}, "proactiveness": {0, 0, 1}, "resolution": {1, 1, 0, 0, 1}, "hold": {1, 0}, "closing": {0},
		},
		Tasks: map[string]reviews.Own{"mood": {Classes: map[string]string{"caller": "calm"}}},
	})
	add("kisumu", first, reviewedText, reviews.Labels{Classification: map[string]string{"priority": "1"}, QA: map[string][]int{"hold": {0, -1}}})
	return dir
}

// Reviews become records of each task, the last word on each label counting.
func TestReviews(t *testing.T) {
	for _, texts := range []bool{true, false} {
		dir := reviewFolder(t, texts)
		for to, want := range map[string]string{
			"ner":   `{"id": "case-7", "text": "I am 😀 Amina from Kisumu", "entities": [{"start":7,"end":12,"label":"VICTIM"}]}`,
			"cases": "[\n" + `{"uniqueid": "case-7", "narrative": "I am 😀 Amina from Kisumu", "category": "Physical Violence", "priority": "1"}` + "\n]",
			"qa":    "[\n" + `{"sample_id": "case-7", "text": "I am 😀 Amina from Kisumu", "labels": "{`,
		} {
			in, err := File(dir)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Lossy: true}
			if !texts {
				calls := stream(t, `{"id": "case-6", "text": "another"}`+"\n"+`{"id": "case-7", "text": "`+reviewedText+`", "entities": []}`)
				o.Texts = &calls
			}
			var out strings.Builder
			summary, err := Convert(t.Context(), in, mustFind(t, "reviews"), Output{W: &out}, mustFind(t, to), o)
			if err != nil || !strings.HasPrefix(out.String(), want) || summary.Written != 1 {
				t.Errorf("%s: %s, %v; want %s", to, out.String(), err, want)
			}
			if to == "qa" && !strings.Contains(out.String(), `\"hold\":[0,0]`) {
				t.Errorf("qa: %s", out.String())
			}
			if !texts && summary.LeftOut["calls without reviews"] != 1 {
				t.Errorf("left out: %v", summary.LeftOut)
			}
		}
	}
}

// What the output can't hold, and reviews without a text, are said.
func TestReviewsLosses(t *testing.T) {
	dir := reviewFolder(t, false)
	in, err := File(dir)
	if err != nil {
		t.Fatal(err)
	}
	convert := func(o Options) error {
		t.Helper()
		_, err := Convert(t.Context(), in, mustFind(t, "reviews"), Output{W: &strings.Builder{}}, mustFind(t, "ner"), o)
		return err
	}
	other := stream(t, `{"text": "another"}`)
	full := stream(t, `{"text": "`+reviewedText+`"}`)
	for want, o := range map[string]Options{
		"its text isn't kept; give the calls with --texts": {},
		"has the text that was reviewed":                   {Texts: &other},
		"labels of tasks that aren't known (--config)":     {Texts: &full},
	} {
		if err := convert(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Amina") {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if _, _, err := convertReviews(t, "{}\n"); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("no review: %v", err)
	}
}

func convertReviews(t *testing.T, lines string) (string, Summary, error) {
	t.Helper()
	return convert(t, "reviews", "ner", lines, Options{Lossy: true})
}

// Labels of heads that no task has are said to be lost, and problems name the review's line,
// or that of the file with the texts.
func TestReviewsOfAnotherModel(t *testing.T) {
	line := `{"v": 1, "call": "%s", "old": {}, "new": %s, "text": %q}` + "\n"
	lost := fmt.Sprintf(line, "", `{"classification": {"sub_category": "Physical Violence", "mood": "calm"}, "qa": {"opening": [1, 1, 1], "none": [1]}}`, "I am Amina")
	_, _, err := convert(t, "reviews", "cases", lost, Options{})
	for _, want := range []string{`labels of "mood", a head that task cls doesn't have`, `labels of "none", a head that task qa doesn't have`, "values of opening beyond its criteria"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	first := fmt.Sprintf(line, "", `{"entities": []}`, "a call")
	second := `{"v": 1, "call": "5f", "old": {}, "new": {"entities": []}}` + "\n"
	if _, _, err := convert(t, "reviews", "ner", first+first+second, Options{}); err == nil || !strings.Contains(err.Error(), "record 3, line 3: its text") {
		t.Errorf("without a text: %v", err)
	}
	calls := stream(t, `{"text": "another"}`+"\n"+`{"text": "a call"}`)
	calls.Name = "calls.jsonl"
	odd := fmt.Sprintf(line, "", `{"entities": [{"start": 0, "end": 1, "label": "NONE"}]}`, "a call")
	if _, _, err := convert(t, "reviews", "ner", odd, Options{Texts: &calls}); err == nil || !strings.Contains(err.Error(), "calls.jsonl: record 2, line 2: ") {
		t.Errorf("an unknown label: %v", err)
	}
}

// The page's own file has the texts.
func TestReviewsOfThePage(t *testing.T) {
	line := `{"v": 1, "id": "", "call": "", "record": "7", "who": "", "when": "2026-11-27T12:00:00Z", "model": "", "old": {}, "new": {"entities": [%s]}, "text": "I am Amina"}` + "\n"
	got, _, err := convertReviews(t, fmt.Sprintf(line, `{"start": 5, "end": 10, "label": "NAME"}`))
	if want := `{"id": "7", "text": "I am Amina", "entities": [{"start":5,"end":10,"label":"NAME"}]}`; err != nil || strings.TrimSpace(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if _, _, err := convertReviews(t, fmt.Sprintf(line, `{"start": 5, "end": 100, "label": "NAME"}`)); err == nil || !strings.Contains(err.Error(), "isn't one of the text") {
		t.Errorf("beyond the text: %v", err)
	}
}

// Own tasks' labels come with their configuration.
func TestReviewsOfOwnTasks(t *testing.T) {
	mood, err := tasks.Custom{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "caller", Labels: []string{"calm", "upset"}}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	to, err := Find("mood", []tasks.Task{mood})
	if err != nil {
		t.Fatal(err)
	}
	in, err := File(reviewFolder(t, true))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if _, err := Convert(t.Context(), in, mustFind(t, "reviews"), Output{W: &out}, to, Options{Tasks: []tasks.Task{mood}, Lossy: true}); err != nil || !strings.Contains(out.String(), `"caller": "calm"`) {
		t.Errorf("%s, %v", out.String(), err)
	}
}

// A folder in which a line is torn is read up to there.
func TestTornReviews(t *testing.T) {
	dir := reviewFolder(t, true)
	path := filepath.Join(dir, "reviews.jsonl")
	lines := filetest.Read(t, path)
	if err := os.WriteFile(path, []byte(lines+lines[:50]), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := File(dir)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadReviews(in)
	if err != nil || !loaded.Torn || len(loaded.Reviews) != 2 {
		t.Errorf("%d reviews, torn %t, %v", len(loaded.Reviews), loaded.Torn, err)
	}
	summary, err := Convert(t.Context(), in, mustFind(t, "reviews"), Output{W: &strings.Builder{}}, mustFind(t, "ner"), Options{Lossy: true})
	if err != nil || len(summary.Warnings) != 1 || !strings.Contains(summary.Warnings[0], "isn't finished") {
		t.Errorf("warnings %q, %v", summary.Warnings, err)
	}
}

// A call of which not all criteria were checked would teach that the others weren't met.
func TestReviewsOfSomeCriteria(t *testing.T) {
	line := `{"v":1,"id":"1","call":"` + reviews.HashText(reviewedText) + `","when":"2026-11-27T09:00:00Z","old":{},"new":{"entities":[],"qa":{"opening":[1],"hold":[-1,0]}},"text":"` + reviewedText + `"}` + "\n"
	out, summary, err := convert(t, "reviews", "ner", line, Options{Lossy: true})
	if err != nil || summary.Written != 1 || summary.Lost["criteria of calls of which not all were checked"] != 1 {
		t.Errorf("%s, %+v, %v", out, summary, err)
	}
	if out, _, err := convert(t, "reviews", "qa", line, Options{Lossy: true}); err == nil || out != "" {
		t.Errorf("qa: %s, %v", out, err)
	}
}

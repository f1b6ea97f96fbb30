package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/trident-nlp/trident/internal/disktest"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/reviews"
)

// newReviewServer makes a server with two keys that keeps reviews in the returned folder.
func newReviewServer(t *testing.T, o reviews.Options) (*testServer, string) {
	t.Helper()
	dir := t.TempDir()
	store, _, err := reviews.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return newReadyServer(t, func(c *Config) {
		c.Reviews = store
		c.Keys = mustKeys(t, "nairobi "+goodKey+"\nkisumu "+otherKey+"\n")
	}), dir
}

// reviewText is a call.
const reviewText = "My name is " + secret + ", 😀 I call from Kisumu."

// reviewOf is the body of a review, with more fields.
func reviewOf(more string) string {
	return fmt.Sprintf(`{"text": %q, "model": "5f0c", "old": {"classification": {"priority": "2"}, "entities": []},
		"new": {"classification": {"priority": "1"}, "qa": {"hold": [-1, 1]}, "tasks": {"mood": {"caller": "calm"}}}%s}`, reviewText, more)
}

func (s *testServer) ask(t *testing.T, key, path, body string) reply {
	t.Helper()
	return s.do(t.Context(), "POST", path, body, "Authorization", "Bearer "+key)
}

// Two reviewers of one call: both reviews are kept, and the second is told of the first.
func TestReviews(t *testing.T) {
	s, dir := newReviewServer(t, reviews.Options{})
	find := func() (got findAnswer) {
		t.Helper()
		r := s.ask(t, otherKey, "/v1/reviews/find", fmt.Sprintf(`{"texts": ["another", %q]}`, reviewText))
		if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.code != http.StatusOK || len(got.Calls) != 2 || len(got.Calls[0]) != 0 || got.You != "kisumu" {
			t.Fatalf("code %d: %v", r.code, err)
		}
		return got
	}
	find()
	first := s.ask(t, goodKey, "/v1/reviews", reviewOf(`, "record": "case-7", "unsure": ["cls/sub_category"], "note": "ask again"`))
	var kept reviews.Review
	if err := json.Unmarshal([]byte(first.body), &kept); err != nil || first.code != http.StatusOK || kept.Who != "nairobi" || kept.Record != "case-7" {
		t.Fatalf("code %d: %+v, %v", first.code, kept, err)
	}
	stale := s.ask(t, otherKey, "/v1/reviews", reviewOf(""))
	if status, field, detail := stale.problem(t); status != http.StatusConflict || field != "based_on" || !strings.Contains(detail, "/v1/reviews/find") {
		t.Errorf("a stale one: %d, %s, %s", status, field, detail)
	}
	got := find()
	if len(got.Calls[1]) != 1 || got.Calls[1][0].ID != kept.ID || got.Calls[1][0].Note != "ask again" {
		t.Errorf("found %+v", got.Calls)
	}
	if r := s.ask(t, otherKey, "/v1/reviews", reviewOf(`, "based_on": "`+kept.ID+`"`)); r.code != http.StatusOK {
		t.Errorf("based on it: code %d", r.code)
	}
	if got := find(); len(got.Calls[1]) != 2 || got.Calls[1][1].Who != "kisumu" {
		t.Errorf("found %+v", got.Calls)
	}
	loaded, err := reviews.Load(dir)
	if err != nil || len(loaded.Reviews) != 2 || len(loaded.Texts) != 0 {
		t.Errorf("%d reviews, %d texts, %v", len(loaded.Reviews), len(loaded.Texts), err)
	}
	filetest.Holds(t, dir, "lock", "reviews.jsonl")
	if strings.Contains(filetest.Read(t, filepath.Join(dir, "reviews.jsonl")), secret) {
		t.Error("a text is kept")
	}
	if got := s.do(t.Context(), "POST", "/v1/reviews", reviewOf("")); got.code != http.StatusUnauthorized {
		t.Errorf("without a key: code %d", got.code)
	}
	metrics := s.do(t.Context(), "GET", "/metrics", "").body
	for _, want := range []string{`trident_reviews_total{result="kept"} 2`, `trident_reviews_total{result="stale"} 1`, "trident_kept_reviews 2"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%s isn't there", want)
		}
	}
	n := 0
	for _, line := range s.log.requests(t) {
		if line["review"] != nil {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d lines of the log name a review", n)
	}
}

// Texts are kept if the server was told so.
func TestReviewTexts(t *testing.T) {
	s, dir := newReviewServer(t, reviews.Options{Texts: true})
	if r := s.ask(t, goodKey, "/v1/reviews", reviewOf("")); r.code != http.StatusOK {
		t.Fatalf("code %d", r.code)
	}
	loaded, err := reviews.Load(dir)
	if err != nil || loaded.Texts[reviews.HashText(reviewText)] != reviewText {
		t.Errorf("%d texts, %v", len(loaded.Texts), err)
	}
	if got := s.do(t.Context(), "GET", "/readyz", "").body; !strings.Contains(got, `"reviews":{"texts":true}`) {
		t.Errorf("ready: %s", got)
	}
}

// Without the setting there are no routes, and the server says that nothing is kept.
func TestNoReviews(t *testing.T) {
	s := newReadyServer(t, nil)
	for _, path := range []string{"/v1/reviews", "/v1/reviews/find"} {
		if got := s.do(t.Context(), "POST", path, reviewOf("")); got.code != http.StatusNotFound {
			t.Errorf("%s: code %d", path, got.code)
		}
	}
	if got := s.do(t.Context(), "GET", "/readyz", "").body; strings.Contains(got, "reviews") {
		t.Errorf("ready: %s", got)
	}
	if got := s.do(t.Context(), "GET", "/metrics", "").body; strings.Contains(got, "review") {
		t.Error("metrics of reviews")
	}
}

func TestBadReviews(t *testing.T) {
	s, _ := newReviewServer(t, reviews.Options{})
	for _, test := range []struct {
		path, body string
		code       int
		field      string
	}{
		{"/v1/reviews", `{"text": ""}`, 422, "text"},
		{"/v1/reviews", `{"text": 5}`, 422, "text"},
		{"/v1/reviews", `{"text": "a", "` + secret + `": 1}`, 422, ""},
		{"/v1/reviews", `{"text": "a"}`, 422, "new"},
		{"/v1/reviews", `{"text": "\ud83d", "note": "a"}`, 422, ""},
		{"/v1/reviews", `{"text": "a", "note": "` + strings.Repeat(secret, 1000) + `"}`, 422, "note"},
		{"/v1/reviews", `{"text": "a", "new": {"entities": [{"start": 0, "end": 2, "label": "` + secret + `"}]}}`, 422, "new.entities[0]"},
		{"/v1/reviews", `{"text": "a", "new": {"tasks": {"mood": {"caller": 5}}}}`, 422, ""},
		{"/v1/reviews", `{"text": "` + strings.Repeat("a", s.Limits.Text+1) + `", "note": "a"}`, 413, "text"},
		{"/v1/reviews", secret, 400, ""},
		{"/v1/reviews", `{"text": "a", "new": {"entities": [` + strings.Repeat("{}, ", (largestReview+escaped*s.Limits.Text)/4) + `{}]}}`, 413, ""},
		{"/v1/reviews", `{"text": "a", "note": "a", "based_on": "elsewhere"}`, 409, "based_on"},
		{"/v1/reviews/find", `{"texts": []}`, 422, "texts"},
		{"/v1/reviews/find", `{"texts": ["` + strings.Repeat(`a", "`, s.Limits.Texts) + `a"]}`, 413, "texts"},
		{"/v1/reviews/find", `{"texts": ["a", " "]}`, 422, "texts[1]"},
	} {
		got := s.ask(t, goodKey, test.path, test.body)
		if status, field, _ := got.problem(t); status != test.code || field != test.field {
			t.Errorf("%s %.60s: %d %q, want %d %q", test.path, strings.ReplaceAll(test.body, secret, "…"), status, field, test.code, test.field)
		}
	}
}

// A full disk is said, and nothing half-written counts.
func TestReviewsOnFullDisk(t *testing.T) {
	disktest.Alone(t, func() {
		s, dir := newReviewServer(t, reviews.Options{})
		disktest.WithFileLimit(t, 10, func() {
			status, _, detail := s.ask(t, goodKey, "/v1/reviews", reviewOf("")).problem(t)
			if status != http.StatusInsufficientStorage || !strings.Contains(detail, "nothing was kept") {
				t.Errorf("code %d, %s", status, detail)
			}
		})
		loaded, err := reviews.Load(dir)
		if err != nil || len(loaded.Reviews) != 0 || loaded.Torn {
			t.Errorf("%d reviews, %v", len(loaded.Reviews), err)
		}
		if r := s.ask(t, goodKey, "/v1/reviews", reviewOf("")); r.code != http.StatusOK {
			t.Errorf("then code %d", r.code)
		}
	})
}

// Fifty reviewers of one call at once: all their reviews are kept.
func TestFiftyReviewers(t *testing.T) {
	s, dir := newReviewServer(t, reviews.Options{Texts: true})
	const people = 50
	var wg sync.WaitGroup
	for p := range people {
		wg.Go(func() {
			based := ""
			for range 10 * people {
				body := reviewOf(fmt.Sprintf(`, "based_on": %q, "note": "by %d"`, based, p))
				r := s.ask(t, goodKey, "/v1/reviews", body)
				if r.code == http.StatusOK {
					return
				}
				if r.code != http.StatusConflict {
					t.Errorf("code %d", r.code)
					return
				}
				var found findAnswer
				if err := json.Unmarshal([]byte(s.ask(t, goodKey, "/v1/reviews/find", fmt.Sprintf(`{"texts": [%q]}`, reviewText)).body), &found); err != nil {
					t.Error(err)
					return
				}
				if list := found.Calls[0]; len(list) > 0 {
					based = list[len(list)-1].ID
				}
			}
			t.Error("never kept")
		})
	}
	wg.Wait()
	loaded, err := reviews.Load(dir)
	notes := map[string]bool{}
	for _, r := range loaded.Reviews {
		notes[r.Note] = true
	}
	if err != nil || len(loaded.Reviews) != people || len(notes) != people {
		t.Errorf("%d reviews, %d notes, %v", len(loaded.Reviews), len(notes), err)
	}
}

// A review of the model's own proposal has the model's labels.
func TestReviewsUnknownLabels(t *testing.T) {
	s, _ := newReviewServer(t, reviews.Options{})
	body := func(model, labels string) string {
		return fmt.Sprintf(`{"text": %q, "model": %q, "new": %s}`, reviewText, model, labels)
	}
	for _, labels := range []string{
		`{"classification": {"priority": "` + secret + `"}}`, `{"classification": {"none": "1"}}`, `{"entities": [{"start": 0, "end": 2, "label": "` + secret + `"}]}`,
		`{"qa": {"none": [1]}}`, `{"qa": {"opening": [1, 1, 1, 1, 1, 1, 1, 1]}}`, `{"tasks": {"none": {"a": "b"}}}`, `{"tasks": {"none": {"entities": []}}}`, `{"tasks": {"none": {"a": {"b": 1}}}}`,
	} {
		got := s.ask(t, goodKey, "/v1/reviews", body(s.current.Hash, labels))
		if status, field, detail := got.problem(t); status != http.StatusUnprocessableEntity || field != "new" || !strings.Contains(detail, "/v1/labels") || strings.Contains(got.body, secret) {
			t.Errorf("%s: %d, %s, %s", labels, status, field, detail)
		}
	}
	if r := s.ask(t, goodKey, "/v1/reviews", body("before-a-reload", `{"classification": {"priority": "9"}}`)); r.code != http.StatusOK {
		t.Errorf("of another model: code %d", r.code)
	}
	known := `{"classification": {"priority": "1"}, "entities": [{"start": 0, "end": 2, "label": "NAME"}], "qa": {"opening": [1], "hold": [-1, 0]}}`
	if r := s.ask(t, goodKey, "/v1/reviews", strings.Replace(body(s.current.Hash, known), reviewText, "another "+secret, 1)); r.code != http.StatusOK {
		t.Errorf("of the model: code %d", r.code)
	}
	for what, labels := range map[string]string{"null": `{"qa": {"opening": [null]}}`, "start": `{"entities": [{"end": 2, "label": "NAME"}]}`} {
		if r := s.ask(t, goodKey, "/v1/reviews", body("m", labels)); r.code != http.StatusUnprocessableEntity {
			t.Errorf("%s: code %d", what, r.code)
		}
	}
	if r := s.ask(t, goodKey, "/v1/reviews", body("m", `{"entities": [{"start": 0.5, "end": 2, "label": "NAME"}]}`)); !strings.Contains(r.body, `"new.entities.start"`) {
		t.Errorf("a place that is no number: code %d", r.code)
	}
}

// What is answered is what the description says.
func TestReviewsOpenAPI(t *testing.T) {
	s, _ := newReviewServer(t, reviews.Options{Texts: true})
	var document map[string]any
	if err := json.Unmarshal([]byte(s.do(t.Context(), "GET", "/openapi.json", "").body), &document); err != nil {
		t.Fatal(err)
	}
	own := `, "unsure": ["ner"], "record": "7", "note": "a"`
	for path, got := range map[string]reply{
		"post /v1/reviews":      s.ask(t, goodKey, "/v1/reviews", strings.Replace(reviewOf(own), `"mood"`, `"signs": {"violence": {"weapon": 1}}, "places": {"entities": []}, "mood"`, 1)),
		"post /v1/reviews/find": s.ask(t, goodKey, "/v1/reviews/find", fmt.Sprintf(`{"texts": [%q]}`, reviewText)),
		"get /v1/labels":        s.do(t.Context(), "GET", "/v1/labels", "", "Authorization", "Bearer "+goodKey),
		"get /readyz":           s.do(t.Context(), "GET", "/readyz", ""),
	} {
		method, route, _ := strings.Cut(path, " ")
		described := at(document, "paths", route, method, "responses", "200", "content", "application/json", "schema")
		var value any
		if err := json.Unmarshal([]byte(got.body), &value); err != nil || got.code != http.StatusOK {
			t.Fatalf("%s: code %d: %v", path, got.code, err)
		}
		for _, wrong := range conform(document, described, value, "$") {
			t.Errorf("%s: %s", path, wrong)
		}
	}
	request := at(document, "paths", "/v1/reviews", "post", "requestBody", "content", "application/json", "schema")
	var body any
	if err := json.Unmarshal([]byte(reviewOf(own)), &body); err != nil {
		t.Fatal(err)
	}
	if wrong := conform(document, request, body, "$"); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestLabels(t *testing.T) {
	s := newReadyServer(t, nil)
	var got labelsAnswer
	r := s.do(t.Context(), "GET", "/v1/labels", "")
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.code != http.StatusOK || got.Model != s.current.Hash {
		t.Fatalf("code %d: %v", r.code, err)
	}
	for i, task := range s.current.Predictor.Tasks() {
		if got.Tasks[i].Name != task.Name || len(got.Tasks[i].Heads) != len(task.Heads) || len(got.Tasks[i].Heads[0].Labels) == 0 {
			t.Errorf("task %d: %+v", i, got.Tasks[i])
		}
	}
	if r := newServer(t, nil).do(t.Context(), "GET", "/v1/labels", ""); r.code != http.StatusServiceUnavailable {
		t.Errorf("without a model: code %d", r.code)
	}
}

// FuzzDecodeReview: whatever comes, it is decoded or a problem of the client's.
func FuzzDecodeReview(f *testing.F) {
	for _, body := range []string{reviewOf(""), reviewOf(`, "unsure": ["ner"]`), `{"text": "a", "new": {"tasks": {"a": {}}}}`, `[]`, "null", `{"new": {"tasks": {"a": null}}}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r reviewRequest
		err := decodeStrictly(body, &r)
		var p *problem
		if err != nil && (!errors.As(err, &p) || p.Status != http.StatusBadRequest && p.Status != http.StatusUnprocessableEntity) {
			t.Errorf("no problem of the client's: %v", err)
		}
	})
}

package reviews

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/filetest"
)

// text is a call. Its words never stand in a folder that isn't to keep texts.
const text = "My name is SECRET, 😀 I call from Kisumu."

// day is when tests take place.
var day = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return day }
	}
	s, torn, err := Open(dir, o)
	if err != nil || torn != "" {
		t.Fatalf("torn %q, %v", torn, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// review is one of text.
func review(who, based, priority string) Review {
	return Review{
		Who: who, Model: "5f0c", BasedOn: based, Record: "case-7",
		Old: Labels{
			Entities:       []Span{{11, 17, "NAME"}},
			Classification: map[string]string{"priority": "2", "sub_category": "Custody"},
			QA:             map[string][]int{"opening": {1}, "hold": {0, 1}},
		},
		New: Labels{
			Entities:       []Span{{33, 39, "LOCATION"}, {11, 17, "VICTIM"}},
			Classification: map[string]string{"priority": priority},
			QA:             map[string][]int{"hold": {-1, 0}},
		},
		Unsure: []string{"cls/sub_category"}, Note: "ask again",
	}
}

func mustAdd(t testing.TB, s *Store, r Review) Review {
	t.Helper()
	kept, err := s.Add(r, text)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestKeepsReviews(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reviews")
	s := open(t, dir, Options{})
	first := mustAdd(t, s, review("nairobi", "", "1"))
	if first.ID == "" || first.Call != HashText(text) || !first.When.Equal(day) || first.New.Entities[0].Start != 11 {
		t.Errorf("kept as %+v", first)
	}
	second := mustAdd(t, s, review("kisumu", first.ID, "3"))
	third := mustAdd(t, s, review("nairobi", second.ID, "2"))
	check := func(s *Store) {
		t.Helper()
		got, err := s.Of(first.Call)
		if err != nil || !reflect.DeepEqual(got, []Review{second, third}) || s.Count() != 3 {
			t.Errorf("%d reviews, %v, %v", s.Count(), got, err)
		}
		if got, err := s.Of("another"); len(got) > 0 || err != nil {
			t.Errorf("of another call: %v, %v", got, err)
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(review("nairobi", third.ID, "1"), text); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	check(open(t, dir, Options{}))
	loaded, err := Load(dir)
	if err != nil || !reflect.DeepEqual(loaded.Reviews, []Review{first, second, third}) || len(loaded.Texts) > 0 || loaded.Torn {
		t.Errorf("%+v, %v", loaded, err)
	}
	filetest.Holds(t, dir, lockName, logName)
	if all := filetest.Read(t, filepath.Join(dir, logName)); strings.Contains(all, "SECRET") || strings.Count(all, "\n") != 3 {
		t.Errorf("the file has %d lines, or a text", strings.Count(all, "\n"))
	}
}

// A review that was made without knowing the latest one is refused, and kept once it is
// based on it. Sent again, since the answer was lost, it is kept once.
func TestStale(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	if _, err := s.Add(review("nairobi", "elsewhere", "1"), text); !errors.Is(err, ErrStale) {
		t.Errorf("based on what isn't there: %v", err)
	}
	first := mustAdd(t, s, review("nairobi", "", "1"))
	if again := mustAdd(t, s, review("nairobi", "", "1")); !reflect.DeepEqual(again, first) || s.Count() != 1 {
		t.Errorf("sent again: %v, %d reviews", again, s.Count())
	}
	for _, r := range []Review{review("nairobi", "", "2"), review("kisumu", "", "1")} {
		if _, err := s.Add(r, text); !errors.Is(err, ErrStale) {
			t.Errorf("by %s: %v", r.Who, err)
		}
	}
	mustAdd(t, s, review("kisumu", first.ID, "1"))
	if _, err := s.Add(review("kisumu", "", "1"), "another call, long enough for its entities"); err != nil || s.Count() != 3 {
		t.Errorf("another call: %v, %d reviews", err, s.Count())
	}
}

func TestRefusesReviews(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	long := strings.Repeat("SECRET", 1000)
	for field, change := range map[string]func(r *Review){
		"record":                func(r *Review) { r.Record = long },
		"note":                  func(r *Review) { r.Note = long },
		"model":                 func(r *Review) { r.Model = "SECRET words" },
		"based_on":              func(r *Review) { r.BasedOn = long },
		"unsure[0]":             func(r *Review) { r.Unsure = []string{long} },
		"old.entities[0]":       func(r *Review) { r.Old.Entities = []Span{{5, 5, "NAME"}} },
		"new.entities[1]":       func(r *Review) { r.New.Entities[0].End = 41 },
		"new.entities[2]":       func(r *Review) { r.New.Entities = append(r.New.Entities, Span{38, 40, "NAME"}) },
		"new.entities":          func(r *Review) { r.New.Entities = make([]Span, maxSpans+1) },
		"new.classification":    func(r *Review) { r.New.Classification["priority"] = "" },
		"old.classification":    func(r *Review) { r.Old.Classification = map[string]string{"priority": "SECRET\x1b[2J"} },
		"new.qa":                func(r *Review) { r.New.QA["hold"][0] = 2 },
		"new.tasks":             func(r *Review) { r.New.Tasks = map[string]Own{"cls": {}} },
		"old.tasks":             func(r *Review) { r.Old.Tasks = map[string]Own{"a": {Flags: map[string]map[string]int{"b": {"c": 3}}}} },
		"old.tasks.entities[0]": func(r *Review) { r.Old.Tasks = map[string]Own{"a": {Entities: []Span{{1, 2, long}}}} },
		"new":                   func(r *Review) { r.New, r.Unsure, r.Note = Labels{}, nil, " " },
	} {
		r := review("nairobi", "", "1")
		change(&r)
		_, err := s.Add(r, text)
		var wrong *Invalid
		if !errors.As(err, &wrong) || wrong.Field != field || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if s.Count() != 0 {
		t.Errorf("%d reviews are kept", s.Count())
	}
}

// What is null or missing isn't taken for 0.
func TestNullLabels(t *testing.T) {
	for _, in := range []string{
		`{"qa":{"hold":[1,null]}}`, `{"tasks":{"signs":{"violence":{"weapon":null}}}}`, `{"entities":[null]}`, `{"entities":[{"end":5,"label":"NAME"}]}`,
		`{"entities":[{"start":null,"end":5,"label":"NAME"}]}`, `{"entities":[{"start":0,"end":5}]}`, `{"tasks":{"places":{"entities":[{"end":5,"label":"A"}]}}}`,
	} {
		var l Labels
		if err := json.Unmarshal([]byte(in), &l); err == nil {
			t.Errorf("%s is read as %+v", in, l)
		}
	}
	var l Labels
	if err := json.Unmarshal([]byte(`{"entities":null,"classification":null,"qa":{"hold":null},"tasks":null}`), &l); err != nil || !isEmpty(l) {
		t.Errorf("%+v, %v", l, err)
	}
}

// Own tasks' labels come back, as do labels with nothing in them.
func TestLabelsRoundTrip(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	r := review("", "", "1")
	r.New = Labels{Entities: []Span{}, Tasks: map[string]Own{
		"mood": {Classes: map[string]string{"caller": "upset"}}, "places": {Entities: []Span{}}, "none": {},
		"signs": {Flags: map[string]map[string]int{"violence": {"weapon": 1, "threat": 0}}},
	}}
	kept := mustAdd(t, s, r)
	got, err := s.Of(kept.Call)
	if err != nil || !reflect.DeepEqual(got, []Review{kept}) || !reflect.DeepEqual(kept.New, r.New) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Texts of any length come back, as does a text that becomes longer in JSON.
func TestLongTexts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "re[v]iews")
	s := open(t, dir, Options{Texts: true})
	long := text + strings.Repeat("<\x01", 300_000)
	if _, err := s.Add(review("nairobi", "", "1"), long); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{Texts: true})
	mustAdd(t, s, review("nairobi", "", "1"))
	loaded, err := Load(dir)
	if err != nil || loaded.Texts[HashText(long)] != long || len(loaded.Texts) != 2 {
		t.Errorf("%d texts, %v", len(loaded.Texts), err)
	}
}

// Fifty people at once: what one says of a call never takes the place of what another
// says, and every line is whole.
func TestFiftyReviewers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{Texts: true})
	const people, each = 50, 8
	var wg sync.WaitGroup
	for p := range people {
		wg.Go(func() {
			for n := range each {
				call := fmt.Sprintf("%s %d", text, n) // the same calls for all
				r := review(fmt.Sprintf("reviewer-%d", p), "", "1")
				for {
					_, err := s.Add(r, call)
					if err == nil {
						break
					}
					others, err2 := s.Of(HashText(call))
					if !errors.Is(err, ErrStale) || err2 != nil {
						t.Errorf("%v, %v", err, err2)
						return
					}
					r.BasedOn = others[len(others)-1].ID
				}
			}
		})
	}
	wg.Wait()
	loaded, err := Load(dir)
	if err != nil || len(loaded.Reviews) != people*each || len(loaded.Texts) != each {
		t.Fatalf("%d reviews, %d texts, %v", len(loaded.Reviews), len(loaded.Texts), err)
	}
	calls, by := loaded.Calls()
	for _, call := range calls {
		based := ""
		for _, r := range by[call] {
			if r.BasedOn != based {
				t.Errorf("a review is based on %q, not on the one before", r.BasedOn)
			}
			based = r.ID
		}
		if latest, err := s.Of(call); err != nil || len(latest) != people {
			t.Errorf("%d reviewers of a call, %v", len(latest), err)
		}
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("(process %d)", os.Getpid())) {
		t.Errorf("a second one: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, Options{})
}

func TestRetention(t *testing.T) {
	dir := t.TempDir()
	now := day
	clock := Options{Texts: true, Retention: 48 * time.Hour, Now: func() time.Time { return now }}
	s := open(t, dir, clock)
	first := mustAdd(t, s, review("nairobi", "", "1"))
	mustAdd(t, s, review("kisumu", first.ID, "1"))
	held := func(texts int, files ...string) {
		t.Helper()
		loaded, err := Load(dir)
		if err != nil || len(loaded.Texts) != texts {
			t.Errorf("%d texts, %v; want %d", len(loaded.Texts), err, texts)
		}
		filetest.Holds(t, filepath.Join(dir, textsName), files...)
	}
	held(1, "2026-11-27.jsonl")
	now = day.Add(24 * time.Hour)
	if _, err := s.Add(review("nairobi", "", "2"), text+" And more."); err != nil {
		t.Fatal(err)
	}
	held(2, "2026-11-27.jsonl", "2026-11-28.jsonl")
	now = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) // two days after the end of the first
	if n, err := s.Prune(); n != 1 || err != nil {
		t.Errorf("%d files removed, %v", n, err)
	}
	held(1, "2026-11-28.jsonl")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(24 * time.Hour)
	s = open(t, dir, Options{Retention: clock.Retention, Now: clock.Now}) // texts are no longer kept; the old ones still go
	held(0)
	last, err := s.Of(first.Call)
	if err != nil {
		t.Fatal(err)
	}
	mustAdd(t, s, review("nairobi", last[len(last)-1].ID, "3"))
	held(0)
	if s.Count() != 4 {
		t.Errorf("%d reviews; they stay", s.Count())
	}
}

// Nothing is said to be kept once the file has been moved away. A removed file of texts is
// made anew.
func TestMovedFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{Texts: true})
	first := mustAdd(t, s, review("nairobi", "", "1"))
	if err := os.RemoveAll(filepath.Join(dir, textsName)); err != nil {
		t.Fatal(err)
	}
	second := mustAdd(t, s, review("nairobi", first.ID, "2"))
	loaded, err := Load(dir)
	if err != nil || len(loaded.Reviews) != 2 || loaded.Texts[first.Call] != text {
		t.Fatalf("%d reviews, %d texts, %v", len(loaded.Reviews), len(loaded.Texts), err)
	}
	path := filepath.Join(dir, logName)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	third := review("nairobi", second.ID, "3")
	if _, err := s.Add(third, text); !errors.Is(err, ErrGone) || s.Count() != 2 {
		t.Errorf("moved away: %v, %d reviews", err, s.Count())
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(third, text); !errors.Is(err, ErrGone) {
		t.Errorf("replaced: %v", err)
	}
	if err := os.Rename(path+".1", path); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, s, third)
}

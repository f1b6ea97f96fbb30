package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// said is a server's answer to a call of TestOrder: with a cost, or with probabilities alone.
func said(priority string, cost, sure float64) map[string]any {
	p := map[string]any{
		"entities":       []any{map[string]any{"text": "Asha", "label": "NAME", "start": 0, "end": 4, "score": 0.8, "least": sure}},
		"classification": map[string]string{"main_category": "GBV", "priority": priority},
		"scores":         map[string]any{"classification": map[string]any{"main_category": map[string]any{"GBV": 0.9, "VANE": 0.1}, "priority": map[string]any{priority: 0.95}}},
		"warnings":       []any{map[string]any{"kind": "unknown_words", "share": 0.25}, map[string]any{"kind": "longer_than_learnt", "tokens": 900, "longest": 400}, map[string]any{"kind": "a later one"}},
	}
	if cost > 0 {
		p["review"] = map[string]any{"cost": cost, "reasons": []any{
			map[string]any{"kind": "urgency", "task": "cls", "head": "priority", "label": priority, "probability": 0.95, "cost": cost},
			map[string]any{"kind": "doubt", "task": "ner", "probability": 0.4, "cost": 0.1},
		}}
	}
	return p
}

// answering answers each text with its prediction.
func answering(by map[string]map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Texts []string }
		_ = json.NewDecoder(r.Body).Decode(&q)
		var list []any
		for _, text := range q.Texts {
			list = append(list, by[text])
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"model": "m", "predictions": list})
	}
}

func orderCalls() string {
	var b strings.Builder
	for i, text := range []string{"Asha one", "Asha two", "Asha Three", "Asha four"} {
		fmt.Fprintf(&b, "{\"id\": \"c%d\", \"text\": %q}\n", i+1, text)
	}
	return b.String()
}

// shownIDs are the ids in the table, in its order.
const shownIDs = "[...document.querySelectorAll('#calls tbody th button')].map((b) => b.textContent).join()"

// TestOrder: the table is ordered, filtered and searched, with the mouse and by keys.
func TestOrder(t *testing.T) {
	for name, answers := range map[string]map[string]map[string]any{
		"by cost":      {"Asha one": said("3", 1.2, 0.1), "Asha two": said("1", 10.5, 0.9), "Asha Three": said("2", 3.1, 0.2), "Asha four": said("1", 12, 0.95)},
		"by certainty": {"Asha one": said("3", 0, 0.8), "Asha two": said("1", 0, 0.3), "Asha Three": said("2", 0, 0.5), "Asha four": said("1", 0, 0.1)},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, serve(t, answering(answers)), desktop)
			p.drop(file(t, "calls.jsonl", orderCalls()))
			p.status("Calls read: 4 of 4.")
			is := func(what, want string) {
				t.Helper()
				if got := p.say(shownIDs); got != want {
					t.Errorf("%s: %s, want %s", what, got, want)
				}
			}
			is("at first", "c1,c2,c3,c4")
			p.click("[data-sort='cost']")
			is("first what costs most", "c4,c2,c3,c1")
			if got := p.say("document.querySelector('th[aria-sort]').className + document.querySelector('th[aria-sort]').getAttribute('aria-sort')"); got != "column-costdescending" {
				t.Errorf("what is said of the order: %s", got)
			}
			p.do(chromedp.KeyEvent("\r")) // the focus is on the column's head
			is("by key, the other way", "c1,c3,c2,c4")
			p.click("[data-sort='cost']")
			is("as in the file", "c1,c2,c3,c4")
			p.click("[data-sort='priority']")
			is("by priority", "c2,c4,c3,c1")
			p.click("[data-call='3']")
			p.click("#next")
			if got := p.text("#result-title"); got != "c3" {
				t.Errorf("after c4 comes %s, want c3", got)
			}
			p.run("document.getElementById('calls-priority').value = '1'; document.getElementById('calls-priority').dispatchEvent(new Event('change'))")
			is("critical ones", "c2,c4")
			p.run("document.getElementById('calls-priority').value = ''; document.getElementById('calls-priority').dispatchEvent(new Event('change'))")
			p.click("#calls-search")
			p.do(chromedp.KeyEvent("three"))
			is("a word of the text", "c3")
			if got := p.text("#calls-shown") + p.say("document.activeElement.id"); got != "Shown: 1 of 4.calls-search" {
				t.Errorf("after a search: %q", got)
			}
		})
	}
}

// TestDoubts: what is uncertain is marked, and what the server warns of is said.
func TestDoubts(t *testing.T) {
	p := open(t, serve(t, answering(map[string]map[string]any{"Asha one": said("1", 10.5, 0.3)})), phone)
	p.read("Asha one")
	for selector, want := range map[string]string{
		".warning":          "The model doesn’t know the letters of 25% of the words: its answers are less certain than they look.",
		"#weak-hint":        "The fainter an entity, the less sure the model is. Dashed: a word’s probability is below 50%.",
		"mark.weak .hidden": " (uncertain)",
		"#demo":             "A demo model: it learnt from made-up calls. Don’t use it for real ones.",
		"#footer":           "Model: tiny (m)categories: avg acc 81% on validation calls; training calls: 1234",
	} {
		if got := p.say(fmt.Sprintf("document.querySelector(%q)?.textContent ?? 'nothing'", selector)); got != want {
			t.Errorf("%s says %q, want %q", selector, got, want)
		}
	}
	if got := p.say("String(document.querySelectorAll('.warning').length) + document.querySelector('mark').style.getPropertyValue('--sure') + document.getElementById('demo').hidden"); got != "20.8false" {
		t.Errorf("warnings, shade, banner: %s", got)
	}
	if got := p.say("String(document.documentElement.scrollWidth <= window.innerWidth)"); got != "true" {
		t.Error("the page is wider than a phone")
	}
}

package web

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/annotations"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/reviews"
	service "github.com/trident-nlp/trident/pkg/serve"
	"github.com/trident-nlp/trident/pkg/tasks"
)

const (
	nairobiKey = "0123456789abcdef0123456789abcdef"
	kisumuKey  = "fedcba9876543210fedcba9876543210"
)

// reviewed runs the page with the real service behind it, which keeps reviews in dir, if
// one is given, and then wants one of the two keys.
func reviewed(t *testing.T, dir string, o reviews.Options) *httptest.Server {
	t.Helper()
	return reviewedBy(t, tinyModel(t), "tiny-7f3a", dir, o)
}

func reviewedBy(t *testing.T, model *fusion.Predictor, name, dir string, o reviews.Options) *httptest.Server {
	t.Helper()
	c := service.Defaults()
	c.Log = slog.New(slog.DiscardHandler)
	c.Page = Handler()
	c.Open = func() (*service.Model, error) {
		return &service.Model{Predictor: model, Precision: torchx.FP32, Hash: name, Drop: func() {}}, nil
	}
	if dir != "" {
		store, torn, err := reviews.Open(dir, o)
		if err != nil || torn != "" {
			t.Fatalf("torn %q, %v", torn, err)
		}
		t.Cleanup(func() { _ = store.Close() })
		c.Reviews = store
		path := file(t, "keys", "nairobi "+nairobiKey+"\nkisumu "+kisumuKey+"\n")
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if c.Keys, err = service.ReadKeys(path, c.Log); err != nil {
			t.Fatal(err)
		}
	}
	s, err := service.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server
}

// as types a key.
func (p *tab) as(key string) {
	p.t.Helper()
	p.run(fmt.Sprintf("document.getElementById('key').value = %q", key))
}

// correct opens the review of the call that is shown.
func (p *tab) correct() {
	p.t.Helper()
	p.click("#correct")
	p.until("document.querySelector('#review-sum') && document.activeElement.id === 'result-title'")
}

// pick chooses an item's value as a hand does.
func (p *tab) pick(item, value string) {
	p.t.Helper()
	p.run(fmt.Sprintf("(() => { const s = document.getElementById('review-%s'); s.focus(); s.value = %q; s.dispatchEvent(new Event('change', {bubbles: true})); })()", item, value))
}

// marks are the marks of the review's text: what became of each, and its label.
func (p *tab) marks() []string {
	p.t.Helper()
	return ask[[]string](p, "[...document.querySelectorAll('#review-text mark')].map((m) => m.dataset.kind + ' ' + m.dataset.label + ' ' + m.querySelector('.text').textContent)")
}

// load reads a folder of reviews.
func load(t *testing.T, dir string) []reviews.Review {
	t.Helper()
	loaded, err := reviews.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Reviews
}

// TestReview corrects a call in every way, saves it, and finds it again after the page was
// loaded anew.
func TestReview(t *testing.T) {
	dir := t.TempDir()
	server := reviewed(t, dir, reviews.Options{Texts: true})
	p := open(t, server, desktop)
	p.as(nairobiKey)
	p.read(call)
	want := predicted(t, tinyModel(t), call)
	p.correct()
	if got := p.marks(); len(got) != len(want.Entities) || !strings.HasPrefix(got[0], "same "+want.Entities[0].Label) {
		t.Fatalf("%d marks, want %d: %v", len(got), len(want.Entities), got)
	}
	first, second := want.Entities[0], want.Entities[1]

	// An entity gets another label, another goes.
	p.click(fmt.Sprintf("#review-span-%d .text", first.Start))
	p.until("!document.getElementById('review-remove').disabled")
	p.click("#review-label-" + other(first.Label))
	p.until(fmt.Sprintf("document.getElementById('review-span-%d').dataset.kind === 'changed'", first.Start))
	p.run(fmt.Sprintf("document.getElementById('review-span-%d').focus()", second.Start))
	p.press(kb.Delete)
	p.until(fmt.Sprintf("document.getElementById('review-span-%d').dataset.kind === 'removed'", second.Start))
	if got := p.say(fmt.Sprintf("document.getElementById('review-span-%d').textContent", first.Start)); !strings.HasPrefix(got, first.Text) || strings.Count(got, "") < len(first.Text)+4 {
		t.Errorf("a changed mark says %q", got)
	}

	// Undone, done again.
	p.press("z")
	p.until(fmt.Sprintf("document.getElementById('review-span-%d').dataset.kind === 'same'", second.Start))
	p.press("y")
	p.until(fmt.Sprintf("document.getElementById('review-span-%d').dataset.kind === 'removed'", second.Start))

	// A class, a criterion, what isn't sure, a note.
	p.pick("cls/priority", otherPriority(want.Classification.Get("priority")))
	before := ask[bool](p, "document.getElementById('review-qa/opening/0').checked")
	p.run("document.getElementById('review-qa/opening/0').click()")
	p.run("document.getElementById('review-qa/hold/1').focus()")
	p.press("x")
	p.until("document.getElementById('review-unsure-qa/hold/1').ariaPressed === 'true'")
	p.run("document.getElementById('review-checked-ner').click()")
	p.run("document.getElementById('review-note').focus()")
	p.do(chromedp.KeyEvent("was a test")) // no letter of it is a command
	if got := p.text("#review-sum"); !strings.HasPrefix(got, "Checked: 3 of ") || !strings.HasSuffix(got, " Changed: 4. Not sure: 1.") {
		t.Errorf("the page says %q", got)
	}
	if n := ask[int](p, "document.querySelectorAll('#review-changes li').length"); n != 4 {
		t.Errorf("%d changes are listed, want 4", n)
	}
	p.press("s", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	p.until("document.getElementById('status').textContent === 'The review is saved, as nairobi.'")

	kept := load(t, dir)
	if len(kept) != 1 {
		t.Fatalf("%d reviews", len(kept))
	}
	r := kept[0]
	if len(r.Old.Entities) != len(want.Entities) || len(r.New.Entities) != len(want.Entities)-1 || r.New.Entities[0].Label != other(first.Label) {
		t.Errorf("entities %v became %v", r.Old.Entities, r.New.Entities)
	}
	if r.Model != "tiny-7f3a" || r.Who != "nairobi" || r.Note != "was a test" || !slices.Equal(r.Unsure, []string{"qa/hold/1"}) ||
		len(r.New.Classification) != 1 || r.New.Classification["priority"] == r.Old.Classification["priority"] || (r.New.QA["opening"][0] == 1) == before || len(r.New.QA) != 1 {
		t.Errorf("kept %+v", r)
	}
	if len(r.Old.Classification) != 4 || len(r.Old.QA) != 6 || r.Old.Tasks["mood"].Classes == nil || r.Old.Tasks["risk_signs"].Flags == nil {
		t.Errorf("proposed %+v", r.Old)
	}

	// The page is loaded anew; the review is where it was.
	p.do(chromedp.Navigate(p.url))
	p.until("document.querySelector('[data-language=en]').ariaPressed === 'true'")
	p.as(nairobiKey)
	p.read(call)
	p.correct()
	if got := p.say("document.getElementById('review-cls/priority').value + document.getElementById('review-note').value"); got != r.New.Classification["priority"]+"was a test" {
		t.Errorf("after a reload: %q", got)
	}
	if got := p.text("#review-sum"); !strings.HasPrefix(got, "Checked: 3 of ") {
		t.Errorf("after a reload: %q", got)
	}
	p.click("#review-accept")
	p.click("#review-save")
	p.until("document.getElementById('status').textContent.startsWith('The review is saved')")
	if kept = load(t, dir); len(kept) != 2 || kept[1].BasedOn != kept[0].ID || len(kept[1].New.Classification) != 4 || len(kept[1].New.QA["hold"]) != 1 {
		t.Errorf("accepted: %+v", kept[len(kept)-1].New)
	}
	p.click("#review-leave")
	p.until("document.getElementById('correct')")
	exported(t, dir, kept[1])
}

// exported makes training records of a folder, and compares them with the call's last
// review.
func exported(t *testing.T, dir string, last reviews.Review) {
	t.Helper()
	from, err := annotations.Find("reviews", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(tasks.CaseLabels{}), tasks.QA()} {
		name := map[string]string{tasks.NERName: "ner", tasks.CLSName: "cases", tasks.QAName: "qa"}[task.Name]
		to, err := annotations.Find(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		in, err := annotations.File(dir)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name+".json")
		_, err = annotations.Convert(t.Context(), in, from, annotations.Output{Path: path}, to, annotations.Options{Lossy: true})
		if name == "qa" { // the model has 6 of the 17 criteria
			if err == nil || !strings.Contains(err.Error(), "no labels of task qa") {
				t.Errorf("qa: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		records, err := datasets.Load(t.Context(), datasets.Source{Path: path, Tasks: []tasks.Task{task}})
		if err != nil || len(records.Texts) != 1 || string(records.Texts[0]) != call {
			t.Fatalf("%s: %d records, %v", name, len(records.Texts), err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wanted := map[string]string{
			"ner":   fmt.Sprintf(`{"start":%d,"end":%d,"label":%q}`, last.New.Entities[0].Start, last.New.Entities[0].End, last.New.Entities[0].Label),
			"cases": fmt.Sprintf(`"category": %q, "intervention": %q, "priority": %q`, last.New.Classification["sub_category"], last.New.Classification["intervention"], last.New.Classification["priority"]),
		}[name]
		if !strings.Contains(string(content), wanted) {
			t.Errorf("%s: %s; want %s", name, content, wanted)
		}
	}
}

// other is another entity label.
func other(label string) string {
	if label == "VICTIM" {
		return "LOCATION"
	}
	return "VICTIM"
}

// otherPriority is another priority.
func otherPriority(label string) string {
	if label == "1" {
		return "2"
	}
	return "1"
}

// TestReviewByKeys does all of it by keys: words are chosen with the arrows and labelled
// with a digit.
func TestReviewByKeys(t *testing.T) {
	dir := t.TempDir()
	p := open(t, reviewed(t, dir, reviews.Options{}), desktop)
	p.as(kisumuKey)
	text := "Hello 😀 my name is 🇰🇪 Zo\u00eb Atieno-Odh, from Kisumu."
	p.read(text)
	p.correct()
	p.press("e")
	p.until("document.activeElement.id === 'review-text'")
	// Until "Zoë" is chosen, then one word more.
	for range 20 {
		p.press(kb.ArrowRight)
		if p.say("String(document.getSelection())") == "Zo\u00eb" {
			break
		}
	}
	p.press(kb.ArrowRight, chromedp.KeyModifiers(chromedp.ModifierShift))
	p.until("document.getElementById('review-picked').textContent.includes('Zo\u00eb Atieno-Odh')")
	p.press("3")
	p.until("[...document.querySelectorAll('#review-text mark')].some((m) => m.querySelector('.text').textContent === 'Zo\u00eb Atieno-Odh')")
	if got := p.say("document.activeElement.id"); !strings.HasPrefix(got, "review-span-") {
		t.Errorf("the focus is on %q", got)
	}
	p.press("c")
	p.until("document.getElementById('review-checked-ner').ariaPressed === 'true'")
	p.press("?")
	p.until("document.getElementById('review-help').open && document.activeElement.id === 'review-help-close'")
	p.press(kb.Escape)
	p.until("!document.getElementById('review-help') && document.activeElement.id.startsWith('review-span-')")
	p.press("a")
	p.press("s")
	p.until("document.getElementById('status').textContent === 'The review is saved, as kisumu.'")
	kept := load(t, dir)
	if len(kept) != 1 {
		t.Fatalf("%d reviews", len(kept))
	}
	found := false
	for _, e := range kept[0].New.Entities {
		if string([]rune(text)[e.Start:e.End]) == "Zo\u00eb Atieno-Odh" {
			found = true
		}
	}
	if !found {
		t.Errorf("entities %v", kept[0].New.Entities)
	}
	p.press(kb.Escape)
	p.until("document.activeElement.id === 'correct'")
}

// TestTwoReviewers: the second is told of the first, sees what differs, and both reviews
// are kept.
func TestTwoReviewers(t *testing.T) {
	dir := t.TempDir()
	server := reviewed(t, dir, reviews.Options{})
	a, b := open(t, server, desktop), open(t, server, desktop)
	for key, p := range map[string]*tab{nairobiKey: a, kisumuKey: b} {
		p.as(key)
		p.read(call)
		p.correct()
	}
	a.pick("cls/priority", "1")
	a.click("#review-save")
	a.until("document.getElementById('status').textContent === 'The review is saved, as nairobi.'")
	b.expectRefusals()
	b.pick("cls/priority", "3")
	b.click("#review-save")
	b.until("document.getElementById('problem').textContent.startsWith('Somebody else has reviewed this call')")
	if got := b.text("#review-others"); !strings.Contains(got, "Reviewed by nairobi") || strings.Contains(got, "1 (critical)") {
		t.Errorf("of the other the page says %q", got)
	}
	b.click("#review-others button")
	b.until("document.querySelector('[data-item=\"cls/priority\"] .theirs')?.textContent === 'nairobi: 1 (critical)'")
	if got := b.text("#review-others"); !strings.Contains(got, "Differs from yours: 1.") {
		t.Errorf("of the other the page says %q", got)
	}
	b.click("#review-save")
	b.until("document.getElementById('status').textContent === 'The review is saved, as kisumu.' && document.getElementById('problem').textContent === ''")
	kept := load(t, dir)
	if len(kept) != 2 || kept[0].New.Classification["priority"] != "1" || kept[1].New.Classification["priority"] != "3" || kept[1].BasedOn != kept[0].ID {
		t.Errorf("kept %+v", kept)
	}
}

// TestReviewOfMainCategory: main and sub-category stay together.
func TestReviewOfMainCategory(t *testing.T) {
	p := open(t, reviewed(t, "", reviews.Options{}), desktop)
	p.read(call)
	p.correct()
	value := func(head string) string { return p.say("document.getElementById('review-cls/" + head + "').value") }
	p.pick("cls/sub_category", "Physical Violence")
	if got := value("main_category"); got != "GBV" {
		t.Errorf("the main category is %q", got)
	}
	p.pick("cls/main_category", "=VANE")
	if got := value("sub_category"); got != "Neglect" && got != "School" { // School goes with any
		t.Errorf("the sub-category is %q", got)
	}
	if got := p.say("document.getElementById('review-checked-cls/sub_category').ariaPressed"); got != "false" {
		t.Error("a sub-category that nobody has looked at is checked")
	}
}

// TestReviewWithoutServer: where nothing is kept the page says so, warns before
// corrections are lost, and downloads them in a form that other programs read.
func TestReviewWithoutServer(t *testing.T) {
	p := open(t, reviewed(t, "", reviews.Options{}), desktop)
	p.choose(file(t, "calls.jsonl", lines(3)))
	p.until("document.getElementById('status').textContent === 'Calls read: 3 of 3.'")
	p.click("[data-call='1']")
	p.until("document.getElementById('correct')")
	p.correct()
	if got := p.text("#review-where"); !strings.Contains(got, "keeps nothing") {
		t.Errorf("the page says %q", got)
	}
	if got := ask[bool](p, "Boolean(document.getElementById('review-save'))"); got {
		t.Error("there is a button to save")
	}
	unsaved := "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
	if ask[bool](p, unsaved) {
		t.Error("the page warns before anything has changed")
	}
	p.press("a")
	p.until("document.getElementById('review-sum').textContent.startsWith('Checked: 2')")
	if !ask[bool](p, unsaved) {
		t.Error("the page doesn't warn")
	}
	if got := p.text("tr.open-call .reviewed"); got != "not saved" {
		t.Errorf("in the table stands %q", got)
	}
	p.press("n") // the next call, to be corrected, too
	p.until("document.getElementById('result-title').textContent.startsWith('Correct: ') && document.getElementById('review-sum').textContent.startsWith('Checked: 0')")
	p.press("a")
	content := p.saved("#review-download", filepath.Join(p.downloads(), "trident-reviews.jsonl"))
	loaded, err := reviews.Decode(strings.NewReader(content), "download")
	if err != nil || len(loaded.Reviews) != 2 || len(loaded.Texts) != 2 || loaded.Torn {
		t.Fatalf("%d reviews, %d texts, %v", len(loaded.Reviews), len(loaded.Texts), err)
	}
	if r := loaded.Reviews[0]; r.Record == "" || r.Model != "tiny-7f3a" || len(r.New.Classification) != 4 || r.Call != reviews.HashText(loaded.Texts[r.Call]) {
		t.Errorf("downloaded %+v", r)
	}
	if ask[bool](p, unsaved) {
		t.Error("the page warns after the download")
	}
}

// TestReviewLooks: the review can be read, light and dark, on a desk and on a phone, and
// every control has a name and room for a finger.
func TestReviewLooks(t *testing.T) {
	for name, l := range map[string]look{"light": desktop, "dark phone": {width: 320, height: 640, dark: true, phone: true}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := open(t, reviewed(t, dir, reviews.Options{}), l)
			p.as(nairobiKey)
			p.read(call + " " + strings.Repeat("Mwakamba", 40))
			p.correct()
			check := func(what string) {
				t.Helper()
				for kind, names := range ask[map[string]string](p, fmt.Sprintf("({'too faint': %s, 'too wide': %s, 'too small': %s})", faint, wide, small)) {
					if names != "" {
						t.Errorf("%s: %s: %s", what, kind, names)
					}
				}
				if what != "the keys" { // which hide all else
					p.named(what)
				}
			}
			check("a review")
			p.run("document.querySelectorAll('#review-text mark')[0].focus()")
			p.press("2")
			p.run("document.querySelectorAll('#review-text mark')[1].focus()")
			p.press(kb.Delete)
			p.pick("cls/priority", "3")
			p.pick("cls/priority", "1")
			p.run("document.getElementById('review-qa/opening/0').click()")
			check("with changes")
			p.click("[data-language=sw]")
			check("in Swahili")
			p.run("document.getElementById('review-keys').click()")
			check("the keys")
			p.press(kb.Escape)
		})
	}
}

// TestReviewPictures takes the pictures of docs/reviews.md; see TestPictures.
func TestReviewPictures(t *testing.T) {
	dir := *pictures
	if dir == "" {
		dir = t.TempDir()
	}
	model, modelName := tinyModel(t), "tiny"
	if *modelFlag != "" {
		m, tok, err := fusion.Load(*modelFlag, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Drop()
		model, modelName = fusion.NewPredictor(m, tok), filepath.Base(*modelFlag)
	}
	for name, l := range map[string]look{
		"review": desktop, "review-dark": {width: 1280, height: 900, dark: true}, "review-phone": {width: 390, height: 1500, phone: true},
	} {
		p := open(t, reviewedBy(t, model, modelName, t.TempDir(), reviews.Options{}), l)
		p.as(nairobiKey)
		p.read(madeUp)
		p.correct()
		focus := func(text string) { // or the first, of a tiny model's
			p.run(fmt.Sprintf("(() => { const marks = [...document.querySelectorAll('#review-text mark')]; (marks.find((m) => m.querySelector('.text').textContent === %q) ?? marks[0]).focus(); })()", text))
		}
		focus("Otieno")
		p.press("7")
		focus("nine")
		p.press(kb.Delete)
		p.pick("cls/priority", "3")
		p.pick("cls/priority", "1")
		p.run("document.getElementById('review-qa/hold/0').click(); document.getElementById('review-unsure-qa/resolution/2').click()")
		p.picture(filepath.Join(dir, name+".png"), l)
	}
}

// TestReviewUnchecked: a change that isn't checked would be lost, and isn't said to be saved.
func TestReviewUnchecked(t *testing.T) {
	dir := t.TempDir()
	p := open(t, reviewed(t, dir, reviews.Options{}), desktop)
	p.as(nairobiKey)
	p.read(call)
	p.correct()
	p.run("document.querySelector('#review-text mark').focus()")
	p.press(kb.Delete)
	p.pick("cls/priority", "1")
	for _, button := range []string{"#review-save", "#review-download"} {
		p.click(button)
		p.until("document.getElementById('problem').textContent.includes('changed, but not checked: Entities (calls: 1)')")
		if !ask[bool](p, "!dispatchEvent(new Event('beforeunload', {cancelable: true}))") {
			t.Errorf("%s: the page doesn't warn of unsaved corrections", button)
		}
	}
	if kept := load(t, dir); len(kept) != 0 {
		t.Errorf("kept %+v", kept)
	}
	p.run("document.getElementById('review-checked-ner').click()")
	p.click("#review-save")
	p.until("document.getElementById('status').textContent === 'The review is saved, as nairobi.' && document.getElementById('problem').textContent === ''")
	if kept := load(t, dir); len(kept) != 1 || kept[0].New.Entities == nil || len(kept[0].New.Entities) >= len(kept[0].Old.Entities) {
		t.Errorf("kept %+v", kept)
	}
}

// TestReviewWhileSaving: what is corrected while a review is on its way isn't taken for saved.
func TestReviewWhileSaving(t *testing.T) {
	dir := t.TempDir()
	p := open(t, reviewed(t, dir, reviews.Options{}), desktop)
	p.as(nairobiKey)
	p.read(call)
	p.correct()
	p.pick("cls/priority", "1")
	p.run(`(() => {
		const real = window.fetch;
		window.fetch = async (...args) => {
			const answer = await real(...args);
			await new Promise((go) => (window.goOn = go));
			window.fetch = real;
			return answer;
		};
	})()`)
	p.click("#review-save")
	p.until("Boolean(window.goOn)")
	p.run("document.getElementById('review-checked-cls/intervention').click()")
	p.run("window.goOn()")
	p.until("document.getElementById('status').textContent === 'The review is saved, as nairobi.'")
	unsaved := "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
	if !ask[bool](p, unsaved) {
		t.Error("a later correction is taken for saved")
	}
	p.click("#review-save")
	p.until(unsaved[1:]) // nothing is unsaved any more
	if kept := load(t, dir); len(kept) != 2 || len(kept[1].New.Classification) != 2 {
		t.Errorf("kept %+v", kept)
	}
}

// TestReviewInTwoTabs: one reviewer's tabs don't take back what the other has saved, and a
// label that is taken back doesn't count.
func TestReviewInTwoTabs(t *testing.T) {
	dir := t.TempDir()
	server := reviewed(t, dir, reviews.Options{})
	a, b := open(t, server, desktop), open(t, server, desktop)
	for _, p := range []*tab{a, b} {
		p.as(nairobiKey)
		p.read(call)
		p.correct()
	}
	saved := "document.getElementById('status').textContent === 'The review is saved, as nairobi.'"
	priority := otherPriority(predicted(t, tinyModel(t), call).Classification.Get("priority"))
	a.pick("cls/priority", priority)
	a.click("#review-save")
	a.until(saved)
	b.expectRefusals()
	b.run("document.getElementById('review-checked-cls/intervention').click()")
	b.click("#review-save")
	b.until("document.getElementById('problem').textContent.startsWith('This call has been reviewed with your key elsewhere')")
	b.click("#review-save")
	b.until(saved)
	if got := reviews.Merge(load(t, dir)).Classification; len(got) != 2 || got["priority"] != priority {
		t.Errorf("both say %v", got)
	}
	b.run("document.querySelector('#review-changes button').click()") // the priority is as proposed,
	b.run("document.getElementById('review-checked-cls/priority').click()")
	b.click("#review-save")
	b.until("document.getElementById('problem').textContent === '' && " + saved)
	if got := reviews.Merge(load(t, dir)).Classification; len(got) != 1 {
		t.Errorf("after the priority was taken back: %v", got)
	}
}

// TestReviewDigits: digits label entities where those have the focus, and not where a
// criterion has.
func TestReviewDigits(t *testing.T) {
	p := open(t, reviewed(t, "", reviews.Options{}), desktop)
	p.read(call)
	p.correct()
	changes := func() int { return ask[int](p, "document.querySelectorAll('#review-changes li').length") }
	p.run("document.querySelector('#review-text mark').focus()")
	was := predicted(t, tinyModel(t), call).Entities[0].Label
	p.run("document.getElementById('review-qa/opening/0').focus()")
	p.press("1")
	p.press("2")
	p.press(kb.Delete)
	if n := changes(); n != 0 {
		t.Errorf("with the focus on a criterion: %d changes", n)
	}
	p.run("document.querySelector('#review-text mark').focus()")
	p.press(map[bool]string{true: "2", false: "1"}[was == "NAME"])
	if n := changes(); n != 1 {
		t.Errorf("with the focus on an entity: %d changes, want 1", n)
	}
}

// TestReviewUnreadiness: as long as it isn't known whether the server keeps reviews, nothing
// is said about it.
func TestReviewUnreadiness(t *testing.T) {
	p := open(t, reviewed(t, t.TempDir(), reviews.Options{}), desktop)
	p.as(nairobiKey)
	p.read(call)
	p.expectRefusals()
	p.run("(() => { const real = window.fetch; window.fetch = (url, ...more) => { if (url !== 'readyz') return real(url, ...more); window.fetch = real; return Promise.resolve(new Response('', {status: 503})); }; })()")
	p.click("#correct")
	p.until("document.getElementById('problem').textContent !== ''")
	if ask[bool](p, "Boolean(document.getElementById('review-where'))") {
		t.Errorf("the page says %q", p.text("#review-where"))
	}
	p.click("#again")
	p.until("document.getElementById('review-save')")
}

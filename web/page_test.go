package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

const call = "Hello, my name is Mwakamba from Kisumu. My son was beaten, he was beaten at school. Is he 9?"

// shown is what the page shows of a call.
type shown struct {
	Text    string      `json:"text"`    // as it stands there, without the labels
	Marks   [][2]string `json:"marks"`   // label and text
	Classes [][2]string `json:"classes"` // field and value
	Met     []bool      `json:"met"`     // the criteria
	Percent []string    `json:"percent"` // their probabilities
	Words   [][2]string `json:"words"`   // that are shaded: word and weight
}

const readShown = `(() => {
	const all = (selector, f) => [...document.querySelectorAll(selector)].map(f);
	const text = document.getElementById('call-text').cloneNode(true);
	for (const label of text.querySelectorAll('.label')) label.remove();
	return {
		text: text.textContent,
		marks: all('#call-text mark', (m) => [m.dataset.label, m.querySelector('.text').textContent]),
		classes: all('.class', (c) => [c.dataset.field, c.querySelector('strong').textContent]),
		met: all('.checks li', (li) => li.classList.contains('met')),
		percent: all('.checks .number', (n) => n.textContent),
		words: all('#call-text .word', (w) => [w.textContent, w.title]),
	};
})()`

func (p *tab) shown() shown {
	p.t.Helper()
	return ask[shown](p, readShown)
}

func percent(v float32) string { return fmt.Sprintf("%.0f%%", math.Round(float64(v)*100)) }

// compare holds what the page shows against the model's own words.
func compare(t *testing.T, s shown, text string, want fusion.Prediction) {
	t.Helper()
	if s.Text != text {
		t.Errorf("the text has %d bytes on the page, want %d", len(s.Text), len(text))
	}
	var marks [][2]string
	for _, e := range want.Entities {
		marks = append(marks, [2]string{e.Label, e.Text})
	}
	if !slices.Equal(s.Marks, marks) {
		t.Errorf("%d marks, want %d: some differ", len(s.Marks), len(marks))
	}
	var classes [][2]string
	for _, c := range slices.Concat(want.Classification, want.Tasks.Get("mood").Classes) {
		value := c.Value
		if c.Name == "priority" {
			value += map[string]string{"1": " (critical)", "2": " (urgent)", "3": " (routine)"}[value]
		}
		classes = append(classes, [2]string{c.Name, value})
	}
	if !slices.Equal(s.Classes, classes) {
		t.Errorf("classes %v, want %v", s.Classes, classes)
	}
	var met []bool
	var probabilities []string
	for h, head := range want.QA {
		for i, v := range head.Value {
			met = append(met, v == 1)
			probabilities = append(probabilities, percent(want.Scores.QA[h].Value[i]))
		}
	}
	for h, head := range want.Tasks.Get("risk_signs").Flags {
		for i, v := range head.Value {
			met = append(met, v.Value == 1)
			probabilities = append(probabilities, percent(want.Scores.Tasks.Get("risk_signs").Heads[h].Value[i].Value))
		}
	}
	if !slices.Equal(s.Met, met) || !slices.Equal(s.Percent, probabilities) {
		t.Errorf("criteria %v %v, want %v %v", s.Met, s.Percent, met, probabilities)
	}
}

// lookedAt are the words that a task looked at, with their weights, but for the weakest.
func lookedAt(want fusion.Prediction, task string) (words [][2]string) {
	weights := want.Attention.Get(task)
	var highest float32
	for _, w := range weights {
		highest = max(highest, w.Weight)
	}
	for i, w := range weights {
		if w.Weight > highest/50 {
			words = append(words, [2]string{want.NER[i].Text, percent(w.Weight)})
		}
	}
	return words
}

// TestChosenClassIsShown: the chosen label is among those that are shown at once, with
// its probability, also where others are likelier.
func TestChosenClassIsShown(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	got := ask[[]string](p, `import('/result.js').then(({classPart}) => ['a', 'd', 'e'].map((value) => {
		const part = classPart({field: 'f', value, scores: {a: 0.4, b: 0.25, c: 0.2, d: 0.1, e: 0.05}});
		const lines = (selector) => [...part.querySelectorAll(selector)].map((li) => (li.className === 'chosen' ? '*' : '') + li.textContent).join(' ');
		return lines(':scope > ul li') + ' | ' + lines('details li');
	}))`)
	if want := []string{"*a40% b25% c20% | d10% e5%", "a40% b25% *d10% | c20% e5%", "a40% b25% *e5% | c20% d10%"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCallToLabels types a call key by key and looks at all that comes.
func TestCallToLabels(t *testing.T) {
	model := tinyModel(t)
	p := open(t, serve(t, predict(model)), desktop)
	p.do(chromedp.SendKeys(chromedp.ID("transcript"), call))
	p.click("#read")
	p.until("document.querySelector('#call-text')")
	want := predicted(t, model, call)
	s := p.shown()
	compare(t, s, call, want)
	if got := p.text(".head"); got != "What the model saysCorrect the labelsWithout names" {
		t.Errorf("above the labels stands %q", got)
	}
	if len(s.Marks) < 3 || !slices.Contains(s.Met, true) || !slices.Contains(s.Met, false) || len(s.Met) != 19 {
		t.Errorf("%d marks, criteria %v: too little to look at", len(s.Marks), s.Met)
	}
	entities := len(want.Entities) + len(want.Tasks.Get("places").Entities)
	met := 0
	for _, yes := range s.Met[:17] {
		if yes {
			met++
		}
	}
	if got, want := p.text("#status"), fmt.Sprintf("Read. Entities: %d. Criteria met: %d of 17.", entities, met); got != want {
		t.Errorf("the page says %q, want %q", got, want)
	}
	if got := p.text("#footer"); got != "Model: tiny (tiny-7f3a)categories: avg acc 81% on validation calls; training calls: 1234" {
		t.Errorf("the footer says %q", got)
	}

	// What each task looked at. The weakest words aren't shaded.
	for _, task := range []string{"cls", "qa", "mood"} {
		p.click(fmt.Sprintf("input[name=look][value=%s]", task))
		s := p.shown()
		words := lookedAt(want, task)
		if !slices.Equal(s.Words, words) || len(words) == 0 || s.Text != call {
			t.Errorf("%s looked at %v, want %v", task, s.Words, words)
		}
		if got := p.text("#looked-at"); !strings.HasPrefix(got, "Most looked at: ") || !strings.Contains(got, "%") {
			t.Errorf("the page says %q", got)
		}
	}
	if p.click("input[name=look][value='']"); len(p.shown().Words) != 0 {
		t.Error("words are still shaded")
	}

	// The threshold.
	for _, threshold := range []float32{0.2, 0.8} {
		p.slide(threshold)
		n := 0
		for h, head := range want.Scores.QA {
			for i, v := range head.Value {
				if v > threshold {
					n++
				}
				if s := p.shown(); h == 0 && i == 0 && s.Met[0] != (v > threshold) {
					t.Errorf("at %v the first criterion with probability %v is %v", threshold, v, s.Met[0])
				}
			}
		}
		if got, want := p.text(".sum"), fmt.Sprintf("Criteria met: %d of 17", n); got != want {
			t.Errorf("at %v: %q, want %q", threshold, got, want)
		}
		if got := p.text("#threshold-value"); got != strconv.FormatFloat(float64(threshold), 'f', 2, 32) {
			t.Errorf("the threshold is shown as %q", got)
		}
	}
	p.click("#threshold-reset")
	compare(t, p.shown(), call, want)

	// Nothing is left of it.
	p.click("#clear")
	if text := p.say("document.getElementById('transcript').value + document.getElementById('result').textContent"); text != "" {
		t.Errorf("%d characters are left", len(text))
	}
}

// slide moves the threshold as a hand does, with its event.
func (p *tab) slide(threshold float32) {
	p.t.Helper()
	p.run(fmt.Sprintf("(() => { const s = document.getElementById('threshold'); s.value = %v; s.dispatchEvent(new Event('input', {bubbles: true})); })()", threshold))
}

// TestTexts: whatever stands in a call is text, at its place.
func TestTexts(t *testing.T) {
	model := tinyModel(t)
	p := open(t, serve(t, predict(model)), desktop)
	for name, text := range map[string]string{
		"markup":            `Hello <script>window.broken = 1</script> <img src=x onerror="window.broken = 2"> <b>my son</b> &amp; &lt; </textarea> "' javascript:window.broken=3`,
		"emoji":             "Hello 😀 my 👩‍👧 son 🇰🇪 was 👍🏽 beaten 😢😢 in Kisumu 𝒳𝓎",
		"Arabic and Hebrew": "Hello מבוגר, my name is مريم. ابني ضُرب في المدرسة؟ שלום עולם, he was beaten.",
		"only Arabic":       "اسمي مريم وأتصل من كيسومو. ابني عمره ٩ سنوات.",
		"direction marks":   "my \u202eson\u202c was \u2067beaten\u2069 in \u200fKisumu\u200e, \u2066he",
		"combining":         "Zoe\u0308 na Zo\u00eb, my n\u0303ame \u1100\u1161 is \ufdfa",
		"lines":             "Hello\n\nmy name\tis Mwakamba\n  he was beaten \n",
		"control":           "my \x01son\x7f was\u0085 beaten \ufeff in\u00a0Kisumu",
		"long word":         "my son " + strings.Repeat("Mwakamba", 60) + " was beaten",
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			p.read(text)
			compare(t, p.shown(), text, predicted(t, model, text))
			p.click("input[name=look][value=qa]")
			if s := p.shown(); s.Text != text || len(s.Words) == 0 {
				t.Errorf("with what the model looked at, %d words are shaded and the text has %d bytes, want %d", len(s.Words), len(s.Text), len(text))
			}
			if got := p.say("String(window.broken) + document.querySelectorAll('main script, main img, main b').length"); got != "undefined0" {
				t.Errorf("markup of the call works: %s", got)
			}
		})
	}
	p.t = t
	if got := p.say("getComputedStyle(document.getElementById('call-text')).unicodeBidi"); got != "plaintext" {
		t.Errorf("the text's direction is %s, not its own", got)
	}
}

// TestLongCall: of a call that is too long the page says so, and reads all of
// it when asked to.
func TestLongCall(t *testing.T) {
	model := tinyModel(t)
	overlaps := make(chan *int, 10)
	p := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q question
		body, err := io.ReadAll(r.Body)
		if err := errors.Join(err, json.Unmarshal(body, &q)); err != nil {
			t.Error(err)
		}
		overlaps <- q.Overlap
		r.Body = io.NopCloser(bytes.NewReader(body))
		predict(model)(w, r)
	})), desktop)
	text := strings.TrimSpace(strings.Repeat("my son was beaten in Kisumu. ", 40))
	p.read(text)
	if want := predicted(t, model, text); !want.Truncated || !strings.Contains(p.text("#result"), "wasn’t read") {
		t.Error("the page doesn't say that the end wasn't read")
	}
	before := len(p.shown().Marks)
	p.click("#read-whole")
	p.until("!document.getElementById('read-whole') && document.activeElement.id === 'result-title'")
	if s := p.shown(); len(s.Marks) <= before || s.Text != text {
		t.Errorf("%d marks, %d before", len(s.Marks), before)
	}
	if first, whole := <-overlaps, <-overlaps; first != nil || whole == nil || *whole != limit/2 {
		t.Errorf("windows share %v tokens at first, then %v; want nil, then %d, half of what the model reads", first, whole, limit/2)
	}
}

// TestOverlap: windows share what the model allows, and otherwise the page's own
// number of tokens, also where a proxy hides readyz.
func TestOverlap(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	for answer, want := range map[string]int{
		`Response.json({max_length: 512, windows: true, max_tokens: 9})`: 0, `Response.json({max_length: 512})`: 128, `Response.json({max_length: 256})`: 128, `Response.json({max_length: 255})`: 127, `Response.json({max_length: 64})`: 32,
		`Response.json({status: 'ready'})`: 128, `Response.json(null)`: 128, `new Response('<html>', {status: 404})`: 128, `Promise.reject(new TypeError())`: 128,
	} {
		if got := ask[int](p, "import('/api.js').then(({wayToReadAll}) => { window.fetch = async () => "+answer+"; return wayToReadAll().then(({long, overlap}) => long === 'windows' ? 0 : overlap); })"); got != want {
			t.Errorf("after %s windows share %d tokens, want %d (0: as the model learnt)", answer, got, want)
		}
	}
}

// TestKeyboard goes from the top of the page to the labels by keys alone.
func TestKeyboard(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	// next goes to the next control, which must be marked as such.
	next := func() string {
		p.press(kb.Tab)
		return p.say(`(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && e.getClientRects().length > 0;
			return (seen ? '' : 'unseen ') + (e.id || e.dataset.language || (e.name ? e.name + '=' + e.value : e.className || e.tagName));
		})()`)
	}
	order := func(want ...string) {
		t.Helper()
		var got []string
		for range want {
			got = append(got, next())
		}
		if !slices.Equal(got, want) {
			t.Fatalf("the order is %v, want %v", got, want)
		}
	}
	order("skip")
	p.press(kb.Enter)
	if got := p.say("document.activeElement.id"); got != "transcript" {
		p.press(kb.Tab)
		if got = p.say("document.activeElement.id"); got != "transcript" {
			t.Fatalf("the way past the header leads to %q", got)
		}
	}
	p.do(chromedp.KeyEvent("my son was beaten in Kisumu."))
	order("read")
	p.press(kb.Enter)
	p.until("document.querySelector('#call-text') && document.getElementById('stop').hidden")
	order("open", "clear", "SUMMARY", "correct", "redact", "look=")
	p.press(kb.ArrowDown)
	if len(p.shown().Words) == 0 {
		t.Error("the arrow doesn't choose what the model looked at")
	}
	for at := ""; at != "threshold"; {
		if at = next(); strings.HasPrefix(at, "unseen") {
			t.Fatalf("the focus on %s isn't seen", at)
		}
	}
	p.press(kb.ArrowRight)
	if got := p.text("#threshold-value"); got != "0.51" {
		t.Errorf("the arrow moves the threshold to %s", got)
	}
	order("threshold-reset")
	p.press(kb.Enter)
	if got := p.say("document.activeElement.id"); got != "threshold" {
		t.Errorf("after the reset the focus is on %q", got)
	}
	order("save-json", "save-csv")
	p.click("#transcript")
	p.press(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	p.until("document.getElementById('status').textContent.startsWith('Read.')")
}

// TestNames: the page's English names are the model's, and Swahili has as many.
func TestNames(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	type dictionary struct {
		Texts      map[string]string   `json:"texts"`
		Labels     map[string]string   `json:"labels"`
		Tasks      map[string]string   `json:"tasks"`
		Fields     map[string]string   `json:"fields"`
		Priorities map[string]string   `json:"priorities"`
		Redactions map[string]string   `json:"redactions"`
		Criteria   map[string][]string `json:"criteria"`
	}
	words := ask[struct {
		EN dictionary `json:"en"`
		SW dictionary `json:"sw"`
	}](p, "Promise.all([import('/en.js'), import('/sw.js')]).then(([en, sw]) => ({en: en.default, sw: sw.default}))")
	for _, head := range tasks.QA().Heads {
		if !slices.Equal(words.EN.Criteria[head.Name], head.Labels) {
			t.Errorf("criteria of %s: %v, want %v", head.Name, words.EN.Criteria[head.Name], head.Labels)
		}
		if len(words.SW.Criteria[head.Name]) != len(head.Labels) || words.EN.Fields[head.Name] == "" {
			t.Errorf("criteria of %s have no names in both languages", head.Name)
		}
	}
	for _, label := range tasks.NERLabels()[1:] {
		if words.EN.Labels[label] == "" {
			t.Errorf("%s has no name", label)
		}
	}
	for _, head := range tasks.CLS(tasks.CaseLabels{}).Heads {
		if words.EN.Fields[head.Field] == "" {
			t.Errorf("%s has no name", head.Field)
		}
	}
	named := ask[map[string]map[string]string](p, "import('/categories.js').then((all) => all.default)")["sw"]
	for _, sub := range datasets.SubCategories() {
		for _, label := range []string{sub, datasets.MainCategory(sub)} {
			if named[label] == "" {
				t.Errorf("the category %s has no Swahili name", label)
			}
		}
	}
	for _, label := range datasets.Interventions() {
		if named[label] == "" {
			t.Errorf("the intervention %s has no Swahili name", label)
		}
	}
	checkTexts(t, slices.Collect(maps.Keys(words.EN.Texts)))
	for part, both := range map[string][2]map[string]string{
		"texts": {words.EN.Texts, words.SW.Texts}, "labels": {words.EN.Labels, words.SW.Labels}, "tasks": {words.EN.Tasks, words.SW.Tasks},
		"fields": {words.EN.Fields, words.SW.Fields}, "priorities": {words.EN.Priorities, words.SW.Priorities}, "redactions": {words.EN.Redactions, words.SW.Redactions},
	} {
		if len(both[0]) != len(both[1]) || len(both[0]) == 0 {
			t.Errorf("%s: %d in English, %d in Swahili", part, len(both[0]), len(both[1]))
		}
		for key, text := range both[0] {
			if slots(text) != slots(both[1][key]) || both[1][key] == "" {
				t.Errorf("%s: %s has %q in English, %q in Swahili", part, key, slots(text), slots(both[1][key]))
			}
		}
	}
}

// checkTexts: every text that the page may show is in the dictionary, and the
// dictionary has no other.
func checkTexts(t *testing.T, texts []string) {
	t.Helper()
	var code strings.Builder
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(name) == "en.js" || path.Base(name) == "sw.js" {
			return err
		}
		data, err := fs.ReadFile(static, name)
		code.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	problem := func(key string) string { return "problem" + strings.ToUpper(key[:1]) + key[1:] }
	for pattern, name := range map[string]func(string) string{
		`\b(?:t|say|button)\((?:'[a-z-]+', )?'([a-zA-Z]+)'`: func(key string) string { return key },
		`\bkey: '([a-zA-Z]+)'`:                              func(key string) string { return key },
		`data-t(?:-label)?="([a-zA-Z]+)"`:                   func(key string) string { return key },
		`\bProblem\('([a-zA-Z]+)'`:                          problem,
		`\d: '([a-zA-Z]+)'`:                                 problem,
	} {
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(code.String(), -1)
		if len(found) == 0 {
			t.Errorf("%s finds nothing", pattern)
		}
		for _, match := range found {
			if !slices.Contains(texts, name(match[1])) {
				t.Errorf("the dictionary lacks %s", name(match[1]))
			}
		}
	}
	for _, key := range texts {
		bare := strings.TrimPrefix(key, "problem")
		bare = strings.ToLower(bare[:1]) + bare[1:]
		if !regexp.MustCompile(`['"](` + key + `|` + bare + `)['"]`).MatchString(code.String()) {
			t.Errorf("nothing shows the text %s", key)
		}
	}
}

// slots lists the {names} in a text.
func slots(text string) string {
	var names []string
	for part := range strings.SplitSeq(text, "{") {
		if name, _, found := strings.Cut(part, "}"); found {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// swahiliName is what a class that is shown in English is called in Swahili, with its label.
func swahiliName(shown shown, field string) string {
	for _, class := range shown.Classes {
		if name := map[string]string{"Counselling": "Unasihi", "Referral": "Rufaa"}[class[1]]; class[0] == field && name != "" {
			return name + " (" + class[1] + ")"
		}
	}
	return "no such class"
}

func TestLanguages(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	p.read(call)
	english := p.shown()
	p.click("[data-language=sw]")
	if got := p.say("document.documentElement.lang + [...document.querySelectorAll('[data-language]')].map((b) => b.ariaPressed)"); got != "swfalse,true" {
		t.Errorf("language and buttons are %s", got)
	}
	swahili := p.shown()
	if !slices.Equal(swahili.Met, english.Met) || !slices.Equal(swahili.Marks, english.Marks) || swahili.Text != english.Text {
		t.Error("the labels change with the language")
	}
	for selector, want := range map[string]string{
		"#read": "Soma simu", "#status": "Imesomwa.", "#result-title": "Mfumo unasema nini", ".group h4": "Kufungua simu", ".class[data-field=intervention] strong": swahiliName(english, "intervention"), ".checks .name": "Anatumia maneno ya kufungua simu",
	} {
		if got := p.text(selector); !strings.HasPrefix(got, want) {
			t.Errorf("%s says %q", selector, got)
		}
	}
	// No English text is left, but the languages' names and the model's labels.
	if got := p.say(`import('/en.js').then(({default: en}) => {
		const shown = new Set([...document.querySelectorAll('main *, header p')].filter((e) => e.children.length === 0 && e.getClientRects().length > 0).map((e) => e.textContent));
		return Object.values({...en.texts, ...en.fields, ...en.labels}).filter((text) => shown.has(text)).join('; ');
	})`); got != "" {
		t.Errorf("still in English: %s", got)
	}
	p.click("[data-language=en]")
	if got := p.text("#read"); got != "Read the call" {
		t.Errorf("back in English the button says %q", got)
	}
}

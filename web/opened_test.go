package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// cells are those of the table's column.
func (p *tab) cells(column int) string {
	p.t.Helper()
	return p.say(fmt.Sprintf("[...document.querySelectorAll('tbody tr')].map((r) => r.cells[%d].textContent).join('|')", column))
}

func (p *tab) status(want string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.getElementById('status').textContent === %q", want))
}

// TestSeveralFiles: all files are read, and one that can't be is told.
func TestSeveralFiles(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	a, b := file(t, "a.jsonl", `{"id": 7, "text": "my son"}`), file(t, "b.csv", "id,text\n8,my name\n9,\n")
	c, d, bad := file(t, "c.txt", "he was beaten"), file(t, "d.txt", "he\nwas"), file(t, "bad.jsonl", "{}\n")
	for name, give := range map[string]func(...string){"dropped": p.drop, "chosen": p.choose} {
		p.click("#clear")
		give(a, b, c, bad, d)
		p.status("Calls read: 4 of 5.")
		if got := p.cells(0); got != "7|8|9|c.txt|d.txt" {
			t.Errorf("%s: the calls are %s", name, got)
		}
		if got := p.cells(2); !strings.Contains(got, "|not readable (empty)|") {
			t.Errorf("%s: the categories are %s", name, got)
		}
		const want = "b.csv: calls without a text, which are passed over: 1.\nPassed over: bad.jsonl: Line 1 has no field “text” or “narrative”."
		if got := p.text("#notes"); got != want {
			t.Errorf("%s: the notes are %q, want %q", name, got, want)
		}
	}
	p.click("[data-language=sw]")
	if got := p.text("#notes"); !strings.Contains(got, "Imerukwa: bad.jsonl: Mstari wa 1") {
		t.Errorf("in Swahili the notes are %q", got)
	}
	p.click("[data-language=en]")
	p.click("#clear")
	if got := p.text("#notes"); got != "" {
		t.Errorf("after clearing the notes are %q", got)
	}
	p.drop(bad, file(t, "x.pdf", "%PDF"))
	p.until("document.getElementById('problem').textContent.startsWith('Passed over: bad.jsonl: Line 1') && document.getElementById('notes').textContent.startsWith('Passed over: x.pdf: this kind')")
	p.click("#clear")
	p.drop(filepath.Join(filepath.Dir(a), "."), a)
	p.status("Calls read: 1 of 1.")
	if got := p.text("#notes"); !strings.HasSuffix(got, "can’t be read: is it a folder?") {
		t.Errorf("of a folder the page says %q", got)
	}
	var many []string
	for i := range 3 {
		many = append(many, file(t, fmt.Sprintf("%d.jsonl", i), strings.Repeat("{\"text\": \"my\"}\n", 700)))
	}
	p.drop(many...)
	p.until("document.getElementById('problem').textContent.startsWith('The files hold 2100 calls together; the page takes 2000.')")
}

// TestBadRecords: of a call that can't be read the table says why, with its id, and
// the others are read.
func TestBadRecords(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	const noLine, noRecord = "Line %d has no field “text” or “narrative”", "Record %d has no field “text” or “narrative”"
	good := "my son"
	for _, test := range []struct {
		name, content string
		ids           string
		wrong         []string // of each call: why it isn't read, or good
		notes         []string
	}{
		{
			"a.jsonl", "{\"id\": 1, \"text\": \"my son\"}\n{}\n{\"id\": 2}\nnull\n{\"id\": \"x\", \"text\": 12}\n{\"text\": {\"a\": 1}}\n7\n\"text\"\n[]\n{\"text\": \"my \n{\"id\": 3, \"text\": \"\"}\n",
			"1|Call 2|2|Call 4|x|Call 6|Call 7|Call 8|Call 9|Call 10|3",
			[]string{good, fmt.Sprintf(noLine, 2), fmt.Sprintf(noLine, 3), fmt.Sprintf(noLine, 4), "Line 5: its text isn’t a string", "Line 6: its text isn’t a string",
				fmt.Sprintf(noLine, 7), fmt.Sprintf(noLine, 8), fmt.Sprintf(noLine, 9), "Line 10 isn’t JSON", "empty"},
			[]string{"a.jsonl: calls without a text, which are passed over: 1.", "a.jsonl: calls that can’t be read, which are passed over: 9. The first: Line 2 has no field “text” or “narrative”."},
		},
		{
			"a.json", `[null, {"id": 2, "text": 1e3}, {"text": "my son"}, 5, "x"]`,
			"Call 1|2|Call 3|Call 4|Call 5",
			[]string{fmt.Sprintf(noRecord, 1), "Record 2: its text isn’t a string", good, fmt.Sprintf(noRecord, 4), fmt.Sprintf(noRecord, 5)},
			[]string{"a.json: calls that can’t be read, which are passed over: 4. The first: Record 1 has no field “text” or “narrative”."},
		},
		{
			"a.csv", "id,text,age\n1,my son,5\n2,my name\n3,my name,he,was\n4,my son,6\n",
			"1|2|3|4",
			[]string{good, "Row 3 has another number of cells than the first row (2, not 3)", "Row 4 has another number of cells than the first row (4, not 3)", good},
			[]string{"a.csv: calls that can’t be read, which are passed over: 2. The first: Row 3 has another number of cells than the first row (2, not 3)."},
		},
		{"a.jsonl", `{"text": "", "narrative": "my son"}` + "\n" + `{"text": null, "narrative": "my son"}` + "\n" + `{"text": "my son", "narrative": 5}`, "Call 1|Call 2|Call 3", []string{good, good, good}, nil},
		{"a.csv", "text,narrative\n ,my son\nmy son,my name\n", "Call 1|Call 2", []string{good, good}, nil},
	} {
		p.click("#clear")
		p.drop(file(t, test.name, test.content))
		read := 0
		var beginnings []string
		for _, wrong := range test.wrong {
			if wrong == good {
				read++
				beginnings = append(beginnings, good)
			} else {
				beginnings = append(beginnings, "")
			}
		}
		p.status(fmt.Sprintf("Calls read: %d of %d.", read, len(test.wrong)))
		if got, want := p.cells(1), strings.Join(beginnings, "|"); p.cells(0) != test.ids || got != want {
			t.Errorf("%s: the calls are %q, %q, want %q, %q", test.name, p.cells(0), got, test.ids, want)
		}
		for i, got := range strings.Split(p.cells(2), "|") {
			want := "not readable (" + test.wrong[i] + ")"
			if isWrong := strings.HasPrefix(got, "not"); isWrong != (test.wrong[i] != good) || isWrong && got != want {
				t.Errorf("%s: of call %d the table says %q, want %q", test.name, i+1, got, want)
			}
		}
		if got, want := p.text("#notes"), strings.Join(test.notes, "\n"); got != want {
			t.Errorf("%s: the notes are %q, want %q", test.name, got, want)
		}
	}
}

// TestEncodings: a file that isn't UTF-8 is read as what it is, and that is said.
func TestEncodings(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	for _, test := range []struct{ content, text, note string }{
		{"text\nmy son Jos\xe9 \x96 \x80 5\n", "my son José – € 5", "a.csv isn’t in UTF-8: it was read as Latin-1 (Windows-1252)."},
		{"text\nmy son Jos\xe9 Mu\xf1oz Peri\xe1 \xc3\xa9\n", "my son José Muñoz Periá Ã©", "a.csv isn’t in UTF-8: it was read as Latin-1 (Windows-1252)."},
		{"text\nJosé Muñoz \xe9 Periá\n", "José Muñoz \uFFFD Periá", "a.csv has bytes that aren’t UTF-8"},
		{"text\nmy \uFFFD \uFFFD son \xff\n", "my \uFFFD \uFFFD son \uFFFD", "a.csv has bytes that aren’t UTF-8"},
		{"text\nmy son José \xff\n", "my son José \uFFFD", "a.csv has bytes that aren’t UTF-8"},
		{"\xef\xbb\xbftext\nmy son José\n", "my son José", ""},
	} {
		p.click("#clear")
		p.drop(file(t, "a.csv", test.content))
		p.status("Calls read: 1 of 1.")
		p.click("[data-call='0']")
		if s, note := p.shown(), p.text("#notes"); s.Text != test.text || !strings.HasPrefix(note, test.note) || (note == "") != (test.note == "") {
			t.Errorf("%q is read as %q, and the page says %q", test.content, s.Text, note)
		}
	}
	p.choose(file(t, "u.txt", "\xff\xfem\x00y\x00"))
	p.until("document.getElementById('problem').textContent === 'u.txt isn’t a text in UTF-8.'")
	if got := p.text("#notes"); got != "" {
		t.Errorf("the notes of the file before stay: %q", got)
	}
}

// TestThresholdInTable: the table counts the criteria at the slider's threshold,
// and a new file begins with the server's.
func TestThresholdInTable(t *testing.T) {
	model := tinyModel(t)
	p := open(t, serve(t, predict(model)), desktop)
	met := func(n int, threshold float32) string {
		var counts []string
		for i := range n {
			met := 0
			pr := predicted(t, model, callOf(i))
			for h, head := range pr.Scores.QA {
				for j, score := range head.Value {
					if threshold == 0 && pr.QA[h].Value[j] == 1 || threshold > 0 && score > threshold {
						met++
					}
				}
			}
			counts = append(counts, fmt.Sprintf("%d of 17", met))
		}
		return strings.Join(counts, "|")
	}
	p.drop(file(t, "calls.jsonl", lines(5)))
	p.status("Calls read: 5 of 5.")
	p.click("[data-call='0']")
	if met(5, 0) == met(5, 0.85) || met(5, 0.15) == met(5, 0.85) {
		t.Fatal("the thresholds make no difference")
	}
	for _, threshold := range []float32{0.15, 0.85} {
		p.slide(threshold)
		if got, want := p.cells(4), met(5, threshold); got != want {
			t.Errorf("at %v the table says %s, want %s", threshold, got, want)
		}
	}
	p.click("#threshold-reset")
	if got, want := p.cells(4), met(5, 0); got != want {
		t.Errorf("after the reset the table says %s, want %s", got, want)
	}
	p.slide(0.85)
	p.drop(file(t, "calls.jsonl", lines(4)))
	p.status("Calls read: 4 of 4.")
	if got, want := p.cells(4), met(4, 0); got != want {
		t.Errorf("with a new file the table says %s, want %s", got, want)
	}
	p.click("[data-call='0']")
	if got := p.text("#threshold-value"); got != "the server’s" {
		t.Errorf("with a new file the threshold is %s", got)
	}

	// What is said of a single call follows as well.
	p.read(callOf(0))
	p.slide(0.85)
	if got, want := p.text("#status"), fmt.Sprintf("Criteria met: %s.", met(1, 0.85)); !strings.HasSuffix(got, want) {
		t.Errorf("the page says %q, want it to end in %q", got, want)
	}
}

// TestTruncatedAndIDs: calls that are cut are marked in the table and in files, and
// ids are those of the file, digit for digit.
func TestTruncatedAndIDs(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	dir := p.downloads()
	long := strings.Repeat("my son was beaten in Kisumu. ", 40)
	p.drop(file(t, "calls.json", `[{"id": 12345678901234567890, "text": "my son"}, {"id": 7.0, "age": NaN, "text": "`+long+`"}, {"id": "007", "text": "my name"}, {"id": "\ue0007", "text": "\ue000my son"}, {"id": "#8", "text": "=my son"}]`))
	p.status("Calls read: 5 of 5.")
	if got := p.cells(1); !strings.HasSuffix(got, "|my name|\ue000my son|=my son") {
		t.Errorf("the calls begin %q", got)
	}
	if got := p.cells(0); got != "12345678901234567890|7.0end not read|007|\ue0007|#8" {
		t.Errorf("the calls are %s", got)
	}
	p.click("[data-call='1']")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.saved("#save-csv", filepath.Join(dir, "trident-calls.csv")), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	last := len(rows[0]) - 1
	if rows[0][last] != "truncated" || rows[1][last] != "0" || rows[2][last] != "1" || rows[1][0] != "12345678901234567890" || rows[2][0] != "7.0" || rows[3][0] != "007" || rows[4][0] != "\ue0007" || rows[5][0] != "#8" {
		t.Errorf("rows begin and end with %q", [][]string{{rows[0][0], rows[0][last]}, {rows[1][0], rows[1][last]}, {rows[2][0], rows[2][last]}, {rows[3][0], rows[3][last]}})
	}
	var calls []struct {
		ID        json.RawMessage
		Truncated bool
	}
	if err := json.Unmarshal([]byte(p.saved("#save-json", filepath.Join(dir, "trident-calls.json"))), &calls); err != nil || len(calls) != 5 {
		t.Fatalf("%d calls: %v", len(calls), err)
	}
	if got := fmt.Sprintf("%s %v %s %v %s %s %s", calls[0].ID, calls[0].Truncated, calls[1].ID, calls[1].Truncated, calls[2].ID, calls[3].ID, calls[4].ID); got != "12345678901234567890 false 7.0 true \"007\" \"\ue0007\" \"#8\"" {
		t.Errorf("in JSON: %s", got)
	}
	p.click("#read-whole")
	p.until("!document.getElementById('read-whole')")
	if got := p.cells(0); got != "12345678901234567890|7.0|007|\ue0007|#8" {
		t.Errorf("after all of it is read the calls are %s", got)
	}
}

// TestLooksOfFile: what the model looked at in a file's call is asked for when the
// call is opened, once.
func TestLooksOfFile(t *testing.T) {
	model := tinyModel(t)
	var mu sync.Mutex
	var looks [][]datasets.Transcript // the questions for attention
	refusals := 1
	p := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var q question
		if err := errors.Join(err, json.Unmarshal(body, &q)); err != nil {
			t.Error(err)
		}
		mu.Lock()
		refused := false
		if q.Attention {
			looks = append(looks, q.Texts)
			refused = refusals > 0
			refusals--
		}
		mu.Unlock()
		if refused {
			refuse(w, http.StatusInternalServerError, "")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		predict(model)(w, r)
	})), desktop)
	p.expectRefusals()
	p.drop(file(t, "calls.jsonl", lines(10)))
	p.status("Calls read: 10 of 10.")
	asked := func(want ...int) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		texts := [][]datasets.Transcript{}
		for _, i := range want {
			texts = append(texts, []datasets.Transcript{datasets.Transcript(callOf(i))})
		}
		if !slices.EqualFunc(looks, texts, slices.Equal) {
			t.Errorf("there were %d questions for what the model looked at, want one for each of calls %v", len(looks), want)
		}
	}
	asked()
	shaded := func(i int) {
		t.Helper()
		p.until("document.querySelector('input[name=look][value=qa]')")
		s, want := p.shown(), predicted(t, model, callOf(i))
		if words := lookedAt(want, "qa"); !slices.Equal(s.Words, words) || len(words) == 0 {
			t.Errorf("of call %d the words %v are shaded, want %v", i, s.Words, words)
		}
		compare(t, s, callOf(i), want)
	}
	p.click("[data-call='2']")
	p.until("document.getElementById('problem').textContent.startsWith('The server failed')")
	compare(t, p.shown(), callOf(2), predicted(t, model, callOf(2)))
	p.click("#again")
	p.until("document.querySelector('input[name=look][value=qa]') && document.getElementById('problem').textContent === ''")
	p.click("input[name=look][value=qa]")
	shaded(2)
	p.click("#next")
	shaded(3) // the choice stays
	p.click("#previous")
	shaded(2)
	asked(2, 2, 3)
	saved := p.saved("#save-json", filepath.Join(p.downloads(), "trident-calls.json"))
	if strings.Contains(saved, `"attention"`) {
		t.Error("the file says of some calls what the model looked at")
	}
	p.read(callOf(4))
	asked(2, 2, 3, 4)
}

// TestOtherModel: what another model looks at isn't shown beside the labels of the one that
// read the call; reading it again gives labels and weights of one model.
func TestOtherModel(t *testing.T) {
	first := tinyModel(t)
	second, err := newTiny(datasets.Windows{})
	if err != nil {
		t.Fatal(err)
	}
	var changed atomic.Bool
	p := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if changed.Load() {
			predictAs(second, "other")(w, r)
			return
		}
		predictAs(first, "one")(w, r)
	})), desktop)
	p.drop(file(t, "calls.jsonl", lines(3)))
	p.status("Calls read: 3 of 3.")
	changed.Store(true)
	p.click("[data-call='1']")
	p.until("document.getElementById('problem').textContent.startsWith('The server has another model now.')")
	if got := p.say("String(document.querySelector('input[name=look]')) + document.querySelector('#footer div').textContent"); got != "nullModel: tiny (one)" {
		t.Errorf("the page offers weights of another model: %s", got)
	}
	p.click("#again")
	p.until("document.querySelector('input[name=look][value=qa]') && document.getElementById('problem').textContent === '' && document.querySelector('#footer div').textContent === 'Model: tiny (other)'")
	compare(t, p.shown(), callOf(1), predicted(t, second, callOf(1)))
}

// downloads is the folder that files are saved to.
func (p *tab) downloads() string {
	p.t.Helper()
	dir := p.t.TempDir()
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	}); err != nil {
		p.t.Fatal(err)
	}
	return dir
}

// saved clicks a button and returns the file that it saves.
func (p *tab) saved(button, path string) string {
	p.t.Helper()
	p.click(button)
	p.until("document.getElementById('status').textContent.startsWith('Saved as')")
	var data []byte
	for len(data) == 0 { // it isn't there at once
		if err := p.ctx.Err(); err != nil {
			p.t.Fatal(err)
		}
		data, _ = os.ReadFile(path)
	}
	if err := os.Remove(path); err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/trident-nlp/trident/pkg/fusion"
)

// lines are calls as JSONL, call i being callOf(i).
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"sample_id\": \"qa_%d\", \"text\": %q, \"labels\": {}}\n\n", i, callOf(i))
	}
	return b.String()
}

func callOf(i int) string {
	return "Hello 😀, my son was beaten at school " + strings.Repeat("in Kisumu, ", i%5) + "he is " + fmt.Sprint(i)
}

// TestDrop drops a file of calls and clicks through them.
func TestDrop(t *testing.T) {
	model := tinyModel(t)
	p := open(t, serve(t, predict(model)), desktop)
	p.drop(file(t, "calls.jsonl", lines(60)))
	p.until("document.getElementById('status').textContent === 'Calls read: 60 of 60.'")
	if got := p.say("String(document.querySelectorAll('tbody tr').length) + document.getElementById('result').hidden"); got != "50true" {
		t.Errorf("rows, and no result yet: %s", got)
	}
	for row, want := range map[int]bool{0: true, 49: true} {
		cells := fmt.Sprintf("[...document.querySelectorAll('tbody tr')[%d].cells].map((c) => c.textContent).join('|')", row)
		got := strings.Split(p.say(cells), "|")
		pr := predicted(t, model, callOf(row))
		if (got[0] == fmt.Sprintf("qa_%d", row)) != want || got[1] != callOf(row) || got[2] != pr.Classification.Get("main_category") {
			t.Errorf("row %d: %q, %q", row, got[0], got[2])
		}
	}
	p.click("[data-call='1']")
	compare(t, p.shown(), callOf(1), predicted(t, model, callOf(1)))
	if got := p.say("document.activeElement.textContent"); got != "qa_1" {
		t.Errorf("the focus is on %q, not on the call's heading", got)
	}
	p.click("#next")
	compare(t, p.shown(), callOf(2), predicted(t, model, callOf(2)))
	p.click("#previous")
	p.click("#back")
	if got := p.say("document.activeElement.dataset.call"); got != "1" {
		t.Errorf("back in the list the focus is on call %s", got)
	}
	p.press(kb.Enter)
	p.until("document.activeElement.id === 'result-title'")
	p.click("#later")
	if got := p.say("document.querySelector('tbody').textContent"); !strings.HasPrefix(got, "qa_50") || p.say("String(document.querySelectorAll('tbody tr').length)") != "10" {
		t.Error("the table's second page is another")
	}
	p.click("[data-language=sw]")
	if got := p.text("#calls-title"); got != "Simu" {
		t.Errorf("in Swahili the table is called %q", got)
	}
}

// TestFiles: each kind of file gives its calls; what can't be read is told.
func TestFiles(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	for _, test := range []struct {
		name, content string
		status        string // what the page says: its beginning
		calls         int    // rows; 0: one call in the text field
	}{
		{"a.csv", "id,text,other\r\nx1,\"my son, \"\"he\"\"\nwas beaten\",1\r\nx2,my name,2\r\n", "Calls read: 2 of 2.", 2},
		{"a.json", `[{"narrative": "my son", "uniqueid": 7}, {"text": "my name"}]`, "Calls read: 2 of 2.", 2},
		{"A.NDJSON", "\ufeff{\"text\": \"my son\"}\r\n", "Calls read: 1 of 1.", 1},
		{"a.txt", "Hello\nmy son", "Read.", 0},
		{"empty.txt", "", "empty.txt", -1},
		{"a.csv", "id,words\n1,2\n", "The first row names no column", -1},
		{"a.csv", "text\n\"my son", "Row 2 has a quotation mark", -1},
		{"a.csv", "id,text\n1\n", "Row 2 has another number of cells than the first row (1, not 2).", -1},
		{"a.jsonl", "{\"text\": }\n{}\n", "Line 1 isn’t JSON.", -1},
		{"a.jsonl", "\n{\"txt\": 1}\n", "Line 2 has no field “text”", -1},
		{"a.json", "{\"text\": \"my son\"}\n{\"text\": \"my name\"}\n", "Calls read: 2 of 2.", 2},
		{"a.json", "{\"text\": \"my son\"} {\"text\": \"my name\"}\n", "The file isn’t JSON.", -1},
		{"a.json", "[null]", "Record 1 has no field “text”", -1},
		{"a.json", "[{\"text\": 12}]", "Record 1: its text isn’t a string.", -1},
		{"a.csv", "id;text;age\n1;my son, my name;5\n", "Calls read: 1 of 1.", 1},
		{"a.csv", "\n id \tText\n1\tmy son; my name\n", "Calls read: 1 of 1.", 1},
		{"a.tsv", "id,text\n1,my son\n", "Calls read: 1 of 1.", 1},
		{"a.csv", "a;b,text\n1;2,my son\n", "Calls read: 1 of 1.", 1},
		{"a.txt", "id\ttext\n1\tmy son\n2\tmy name\n", "Calls read: 2 of 2.", 2},
		{"a.txt", "\ufeffid;narrative\n1;my son\n", "Calls read: 1 of 1.", 1},
		{"a.txt", "text\n" + strings.Repeat("\n", 1<<20) + "my son\n", "Calls read: 1 of 1.", 1},
		{"a.txt", "id,words\n1,my son\n", "The first row names no column", -1},
		{"a.txt", "{\"text\": \"my son\"}\n{\"text\": \"my name\"}\n", "Calls read: 2 of 2.", 2},
		{"a.txt", "{\n\"text\":\n\"my son\"}\n", "Calls read: 1 of 1.", 1},
		{"a.txt", "[{\"text\": \"my son\"},\n{\"text\": \"my name\"}]\n", "Calls read: 2 of 2.", 2},
		{"a.txt", "[", "The file isn’t JSON.", -1},
		{"a.txt", "[00:01] Hello\nmy son", "Read.", 0},
		{"a.txt", "{inaudible} Hello", "Read.", 0},
		{"a.txt", "text, he said; my name\nmy son", "Read.", 0},
		{"a.jsonl", "{\"text\": \"my\"}\n{\"text\": \" \"}\n{\"text\": null, \"age\": NaN}\n", "Calls read: 1 of 3.", 3},
		{"a.csv", "Text\n\"\"\nmy son\n", "Calls read: 1 of 2.", 2},
		{"a.tsv", "id\tText\nx1\t\"my\tson\"\n", "Calls read: 1 of 1.", 1},
		{"a.csv", "text\n\" \"\n", "a.csv: no call in it has a text.", -1},
		{"a.jsonl", "null\n", "Line 1 has no field", -1},
		{"a.json", "[", "The file isn’t JSON.", -1},
		{"a.pdf", "%PDF", "a.pdf: this kind of file", -1},
		{"a.txt", "m\x00y\x00", "a.txt isn’t a text in UTF-8.", -1},
		{"big.txt", strings.Repeat("my son ", 150_000), "big.txt has more than 1 MB.", -1},
		{"many.jsonl", strings.Repeat("{\"text\": \"my\"}\n", 2001), "The file holds 2001 calls; the page takes 2000.", -1},
	} {
		p.click("#clear")
		p.choose(file(t, test.name, test.content))
		if test.calls < 0 {
			p.until(fmt.Sprintf("document.getElementById('problem').textContent.startsWith(%q)", test.status))
			continue
		}
		p.until(fmt.Sprintf("document.getElementById('status').textContent.startsWith(%q)", test.status))
		if got := p.say("String(document.querySelectorAll('tbody tr').length)"); got != fmt.Sprint(test.calls) {
			t.Errorf("%s: %s calls, want %d", test.name, got, test.calls)
		}
	}
	p.click("#clear")
	p.choose(file(t, "two.txt", "my son\n\nmy name is Mwakamba\n"))
	p.until("document.getElementById('each-line')")
	if got := p.text("#each-line"); got != "Take each line as a call (2)" {
		t.Errorf("the button says %q", got)
	}
	p.click("#each-line")
	p.until("document.getElementById('status').textContent === 'Calls read: 2 of 2.'")
	p.click("[data-call='1']")
	if got := p.shown().Text; got != "my name is Mwakamba" {
		t.Errorf("the second line is %q", got)
	}
}

// TestDownload compares what is saved with the model.
func TestDownload(t *testing.T) {
	model := tinyModel(t)
	p := open(t, serve(t, predict(model)), desktop)
	dir := p.downloads()
	saved := func(button, name string) []byte {
		t.Helper()
		return []byte(p.saved(button, filepath.Join(dir, name)))
	}

	p.read(call)
	want, err := json.Marshal(struct {
		fusion.Prediction
		Model string `json:"model"`
	}{predicted(t, model, call), "tiny-7f3a"})
	if err != nil {
		t.Fatal(err)
	}
	got := saved("#save-json", "trident-call.json")
	if a, b := normal(t, got), normal(t, want); a != b {
		t.Errorf("%d bytes of JSON differ from the model's %d", len(a), len(b))
	}
	p.slide(0.99)
	var moved struct {
		QA        map[string][]int `json:"qa"`
		Threshold float64          `json:"qa_threshold"`
	}
	if err := json.Unmarshal(saved("#save-json", "trident-call.json"), &moved); err != nil || moved.Threshold != 0.99 || slices.Contains(moved.QA["listening"], 1) {
		t.Errorf("with a threshold of 0.99: %+v, %v", moved, err)
	}

	p.click("#threshold-reset")
	p.drop(file(t, "calls.jsonl", `{"id": "=1+2", "text": "my son was beaten"}`+"\n"+`{"id": "é \"2\"", "text": "my name"}`))
	p.until("document.getElementById('status').textContent === 'Calls read: 2 of 2.'")
	p.click("[data-call='0']")
	table := saved("#save-csv", "trident-calls.csv")
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(table, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) != 3 || !bytes.HasPrefix(table, []byte("\ufeff")) {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	if rows[1][0] != "'=1+2" || rows[2][0] != `é "2"` {
		t.Errorf("the ids are %q and %q", rows[1][0], rows[2][0])
	}
	for i, text := range []string{"my son was beaten", "my name"} {
		pr := predicted(t, model, text)
		for column, want := range map[string]string{
			"main_category":                   strings.Replace(pr.Classification.Get("main_category"), "=", "'=", 1),
			"mood.caller":                     pr.Tasks.Get("mood").Classes.Get("caller"),
			"main_category (probability)":     fmt.Sprintf("%.4f", pr.Scores.Classification.Get("main_category").Get(pr.Classification.Get("main_category"))),
			"model":                           "tiny-7f3a",
			"hold: Thanks caller for holding": "0",
			"risk_signs.violence: threat":     fmt.Sprint(pr.Tasks.Get("risk_signs").Flags.Get("violence").Get("threat")),
			"opening: Use of call opening phrase (probability)": fmt.Sprintf("%.4f", pr.Scores.QA.Get("opening")[0]),
		} {
			at := slices.Index(rows[0], column)
			if at < 0 || rows[i+1][at] != want {
				t.Errorf("call %d: column %s is not %s", i, column, want)
			}
		}
		for _, e := range pr.Entities {
			if at := slices.Index(rows[0], e.Label); at < 0 || !strings.Contains(rows[i+1][at], e.Text) {
				t.Errorf("call %d: an entity in column %s is missing", i, e.Label)
			}
		}
	}
}

// normal writes JSON with sorted keys.
func normal(t *testing.T, data []byte) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestNothingKept: the browser keeps nothing of a call.
func TestNothingKept(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	p.click(".key summary")
	p.do(chromedp.SendKeys(chromedp.ID("key"), "0123456789abcdef"))
	p.read(call)
	if got := p.say(`Promise.all([indexedDB.databases(), caches.keys(), navigator.serviceWorker.getRegistrations()]).then((lists) =>
		[localStorage.length, sessionStorage.length, document.cookie.length, ...lists.map((l) => l.length), location.search.length, location.hash.length, history.state].join())`); got != "0,0,0,0,0,0,0,0," {
		t.Errorf("what is kept: %s", got)
	}
	p.do(chromedp.Reload())
	p.until("document.querySelector('[data-language=en]')")
	if got := p.say("document.getElementById('transcript').value + document.getElementById('key').value + document.getElementById('result').textContent"); got != "" {
		t.Errorf("after a reload %d characters are there", len(got))
	}
	// The browser may keep the page as it is for its "back" button.
	p.run("document.getElementById('key').value = '0123456789abcdef'")
	p.read(call)
	p.do(chromedp.Navigate("about:blank"))
	p.back()
	p.until("document.querySelector('[data-language=en]')")
	if got := p.say("document.getElementById('transcript').value + document.getElementById('key').value + document.getElementById('result').textContent"); got != "" {
		t.Errorf("after going back %d characters are there", len(got))
	}
}

// TestKey: the key goes with each question, in its header.
func TestKey(t *testing.T) {
	model := predict(tinyModel(t))
	p := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer 0123456789abcdef" {
			refuse(w, http.StatusUnauthorized, "want a key")
			return
		}
		model(w, r)
	})), desktop)
	p.expectRefusals()
	p.paste(call)
	for _, key := range []string{"", "wrong", "schlüssel"} {
		p.run(fmt.Sprintf("document.getElementById('key').value = %q; document.getElementById('read').click()", key))
		p.until("document.getElementById('problem').textContent.startsWith('The server wants another API key') && document.activeElement.id === 'key'")
	}
	p.run("document.getElementById('key').value = ''")
	p.do(chromedp.SendKeys(chromedp.ID("key"), "0123456789abcdef\n"))
	p.until("document.querySelector('#call-text')")
	if got := p.text("#problem"); got != "" {
		t.Errorf("the page still says %q", got)
	}
}

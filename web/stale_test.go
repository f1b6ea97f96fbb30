package web

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestStale: labels of a text that was changed since are marked as such, until it is read
// again.
func TestStale(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	p.read("Hello\nmy son was beaten")
	if got := p.text("#stale"); got != "" {
		t.Errorf("of labels that aren't old the page says %q", got)
	}
	p.run("document.getElementById('transcript').focus()")
	p.do(chromedp.KeyEvent(" in Kisumu"))
	p.until("document.getElementById('stale').textContent.startsWith('The text has changed') && document.getElementById('result').classList.contains('stale')")
	p.click("#read")
	p.until("document.getElementById('stale').textContent === '' && !document.getElementById('result').classList.contains('stale')")
	p.drop(file(t, "call.txt", "Hello\r\nmy son\r\nwas beaten"))
	p.until("document.querySelector('#call-text')?.textContent.includes('was') && document.getElementById('status').textContent.startsWith('Read.')")
	if got := p.text("#stale"); got != "" {
		t.Errorf("of a file with \\r\\n the page says %q", got)
	}
}

// TestExample: who has no call at hand can have one read.
func TestExample(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	p.click("#example")
	p.until("document.querySelector('#call-text') && document.getElementById('example').hidden")
	if s := p.shown(); s.Text != madeUp {
		t.Errorf("the example has %d bytes", len(s.Text))
	}
	p.click("#clear")
	p.until("!document.getElementById('example').hidden")
}

// TestOpenCall: the open call is highlighted in the table, on whose page it is.
func TestOpenCall(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	p.drop(file(t, "calls.jsonl", lines(52)))
	p.until("document.getElementById('status').textContent === 'Calls read: 52 of 52.'")
	p.click("[data-call='49']")
	marked := "[...document.querySelectorAll('tr.open-call [aria-current]')].map((b) => b.dataset.call).join()"
	if got := p.say(marked); got != "49" {
		t.Errorf("marked: %q", got)
	}
	p.click("#next")
	if got := p.say(marked); got != "50" {
		t.Errorf("on the next page: marked: %q", got)
	}
}

// TestLanguageInTheAddress: ?lang=sw opens the page in Swahili.
func TestLanguageInTheAddress(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	p.do(chromedp.Navigate(p.url + "?lang=sw"))
	p.until("document.documentElement.lang === 'sw'")
	if got := p.text("#read"); !strings.HasPrefix(got, "Soma") {
		t.Errorf("the button says %q", got)
	}
}

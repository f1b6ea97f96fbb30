package web

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/reviews"
)

const numbered = "😀 Hello, my name is Mwakamba from Kisumu. Is it 0712 345 678 or a.b@mail.org?"

// keepDownloads makes the page keep what it hands out, by name.
const keepDownloads = `(() => {
	window.handedOut = {};
	const real = URL.createObjectURL;
	let last = null;
	URL.createObjectURL = (blob) => {
		last = blob.text();
		return real(blob);
	};
	HTMLAnchorElement.prototype.click = function () { window.handedOut[this.download] = last; };
})()`

// TestWithoutNames: a call is shown and handed out without what was replaced, in each way
// that the server has.
func TestWithoutNames(t *testing.T) {
	p := open(t, reviewed(t, "", reviews.Options{}), desktop)
	p.run(keepDownloads)
	p.read(numbered)
	p.click("#redact")
	p.until("document.getElementById('redacted')")
	if focused := p.say("document.activeElement.id"); focused != "redacted-title" {
		t.Errorf("the focus is at %q", focused)
	}
	if modes := ask[[]string](p, "[...document.querySelectorAll('#redact-mode option')].map((o) => o.value)"); strings.Join(modes, " ") != "mask label" {
		t.Errorf("modes %v", modes)
	}
	shown := func() string {
		return p.say("(() => { const text = document.getElementById('redacted-text').cloneNode(true); for (const l of text.querySelectorAll('.label')) l.remove(); return text.textContent; })()")
	}
	label := shown()
	if !strings.Contains(label, "[EMAIL_1]") || strings.Contains(label, "0712") {
		t.Errorf("got %q", label)
	}
	p.run("(() => { const mode = document.getElementById('redact-mode'); mode.value = 'mask'; mode.dispatchEvent(new Event('change')); })()")
	p.until("document.getElementById('redacted-text').textContent.includes('*****')")
	p.click("[data-language=sw]")
	p.until("document.getElementById('redacted-title').textContent === 'Simu bila majina'")
	p.click("[data-language=en]")
	p.click("#save-redacted")
	p.click("#save-redacted-json")
	text := p.say("window.handedOut['trident-redacted.txt']")
	answer := p.say("window.handedOut['trident-redacted.json']")
	if text != shown()+"\n" || strings.Contains(text+answer, "0712") || strings.Contains(text+answer, "mail") {
		t.Errorf("%q, %q", text, answer)
	}
	var got client.Prediction
	if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Text+"\n" != text || len(got.Replaced) < 2 {
		t.Errorf("%+v, %v", got, err)
	}
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	if paper := p.say("document.body.innerText"); strings.Contains(paper, "0712") || !strings.Contains(paper, "*****") {
		t.Error("the call is printed with its names")
	}
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "screen"})
		return err
	}))
	p.click("#leave-redacted")
	p.until("!document.getElementById('redacted') && document.activeElement.id === 'redact'")
	p.click("#redact")
	p.until("document.getElementById('redacted')")
	p.read(numbered + " Hello")
	if ask[bool](p, "Boolean(document.getElementById('redacted'))") {
		t.Error("another call is shown with the earlier one's")
	}
}

// TestAllWithoutNames: a file's calls are handed out together, with numbers in place of ids.
func TestAllWithoutNames(t *testing.T) {
	p := open(t, reviewed(t, "", reviews.Options{}), desktop)
	p.run(keepDownloads)
	var lines strings.Builder
	for i := range 11 {
		fmt.Fprintf(&lines, "{\"id\": \"Mwakamba %d\", \"text\": %q}\n", i, numbered)
	}
	p.choose(file(t, "calls.jsonl", lines.String()))
	p.until("document.getElementById('status').textContent === 'Calls read: 11 of 11.'")
	p.run("document.querySelector('[data-call=\"2\"]').click()")
	p.until("document.getElementById('redact')")
	p.click("#redact")
	p.until("document.getElementById('save-all-redacted')")
	p.click("#save-all-redacted")
	p.until("window.handedOut['trident-redacted.json']")
	answer := p.say("window.handedOut['trident-redacted.json']")
	var got []struct {
		ID string
		client.Prediction
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got) != 11 || got[10].ID != "11" || !strings.Contains(got[10].Text, "[EMAIL_1]") {
		t.Errorf("%v: %s", err, answer)
	}
	if found := regexp.MustCompile(`0712|mail\.|Mwakamba \d`).FindString(answer); found != "" {
		t.Errorf("%q is in what is handed out", found)
	}
}

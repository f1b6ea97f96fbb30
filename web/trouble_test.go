package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestTrouble: whatever the server answers, the page says what to do and keeps
// the text; the next try works.
func TestTrouble(t *testing.T) {
	model := predict(tinyModel(t))
	var answer atomic.Pointer[http.HandlerFunc]
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
	p := open(t, server, desktop)
	p.expectRefusals()
	p.paste(call)
	answers := func(h http.HandlerFunc) { answer.Store(&h) }
	code := func(code int, detail string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			refuse(w, code, detail)
		}
	}
	plain := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string // what the page says: its beginning
		end    string // and its end
	}{
		"busy":       {code(429, "the queue is full", "Retry-After", "7"), "The server has too much to do.", "try again in 7 s."},
		"busy, bare": {plain(429, ""), "The server has too much to do.", "try again in 1 s."},
		"not ready":  {code(503, "the model is being loaded", "Retry-After", "3"), "The server isn’t ready.", "in 3 s."},
		"too large":  {code(413, "a body may have 1 MiB"), "This is more than the server takes at once.", "a body may have 1 MiB"},
		"refused":    {code(422, "texts[0] is <b>empty</b>"), "The server can’t use this.", "texts[0] is <b>empty</b>"},
		"failed":     {code(500, "the server failed"), "The server failed (code 500).", "the server failed"},
		"proxy":      {plain(502, "<html>Bad Gateway"), "The server failed (code 502).", "Your text is still here."},
		"another":    {plain(200, "<html>Please log in"), "What answered isn’t the server’s model (code 200)", "?"},
		"too few":    {plain(200, `{"predictions": []}`), "What answered isn’t the server’s model (code 200)", "?"},
		"null":       {plain(200, `null`), "What answered isn’t the server’s model (code 200)", "?"},
		"away":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The server can’t be reached.", "try again in a moment."},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"predictions": [`+strings.Repeat(" ", 1<<16))
			panic(http.ErrAbortHandler)
		}, "The server can’t be reached.", "try again in a moment."},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			answers(test.answer)
			p.click("#read")
			p.until(fmt.Sprintf("document.getElementById('problem').textContent.startsWith(%q)", test.want))
			if got := p.text("#problem"); !strings.HasSuffix(got, test.end) {
				t.Errorf("the page says %q, want it to end in %q", got, test.end)
			}
			if got := p.say("document.getElementById('transcript').value"); got != call {
				t.Errorf("%d characters of %d are left in the text field", len(got), len(call))
			}
			if got := p.say("String(document.getElementById('stop').hidden) + document.querySelectorAll('#problem *').length"); got != "true0" {
				t.Errorf("the page still works at it, or the message has markup: %s", got)
			}
			answers(model)
			p.click("#again")
			p.until("document.querySelector('#call-text') && document.getElementById('stop').hidden && document.activeElement.id === 'read'")
			if got := p.text("#problem") + p.text("#offer"); got != "" {
				t.Errorf("after it has worked the page still says %q", got)
			}
		})
	}
	p.t = t
	server.CloseClientConnections()
	server.Listener.Close()
	p.click("#read")
	p.until("document.getElementById('problem').textContent.startsWith('The server can’t be reached.')")

	p.paste("  \n ")
	p.click("#read")
	if got := p.text("#problem"); got != "There is no text yet: paste a transcript, or open a file." {
		t.Errorf("without a text the page says %q", got)
	}
}

// TestTroubleWithMany: of many calls those that the server takes are read: it
// waits for a busy server, passes over a call that is refused, stops when told
// to, and goes on.
func TestTroubleWithMany(t *testing.T) {
	model := predict(tinyModel(t))
	var asked, away atomic.Int32
	hold := make(chan struct{})
	p := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var q question
		if err == nil {
			err = json.Unmarshal(body, &q)
		}
		switch n := asked.Add(1); {
		case err != nil:
			refuse(w, 400, err.Error())
		case n == 2:
			w.Header().Set("Retry-After", "1")
			refuse(w, 429, "the queue is full")
		case bytes.Contains(body, []byte("REFUSED")):
			refuse(w, 422, "texts: too long")
		case away.Load() == 1:
			refuse(w, 500, "")
		case away.Load() == 2:
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			model(w, r)
		}
	})), desktop)
	defer close(hold)
	p.expectRefusals()
	text := strings.Replace(lines(24), "my son", "REFUSED", 1)
	p.drop(file(t, "calls.jsonl", text))
	p.until("document.getElementById('status').textContent.startsWith('The server is busy. Next try in 1 s')")
	p.until("document.getElementById('status').textContent === 'Calls read: 23 of 24.'")
	if got := p.say("[...document.querySelectorAll('tbody tr')].map((r) => r.cells[2].textContent).filter((c) => c.startsWith('not')).join()"); got != "not readable (texts: too long)" {
		t.Errorf("calls that weren't read: %s", got)
	}
	if got := p.say("String([...document.querySelectorAll('[data-call]')].filter((b) => b.disabled).map((b) => b.dataset.call))"); got != "0" {
		t.Errorf("calls that can't be opened: %s", got)
	}

	away.Store(1)
	p.drop(file(t, "calls.jsonl", lines(5)))
	p.until("document.getElementById('problem').textContent.startsWith('The server failed')")
	away.Store(2)
	p.click("#again")
	p.until("document.getElementById('stop').hidden === false")
	p.click("#stop")
	p.until("document.getElementById('status').textContent === 'Stopped.'")
	away.Store(0)
	p.drop(file(t, "calls.jsonl", lines(5)))
	p.until("document.getElementById('status').textContent === 'Calls read: 5 of 5.'")
}

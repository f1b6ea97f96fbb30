package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long the page may take for anything; it hangs beyond.
const patience = 2 * time.Minute

// chromium is one headless browser for all tests, started by the first.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.Command(filepath.Join("..", "scripts", "chromium.sh")).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("find a browser: %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(strings.TrimSpace(string(path))),
		chromedp.NoSandbox, // it needs rights that containers lack; the pages are our own
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-US"),
	)
	all, _ := chromedp.NewExecAllocator(context.Background(), options...)
	browser, _ := chromedp.NewContext(all)
	if err := chromedp.Do(browser); err != nil {
		return nil, fmt.Errorf("start the browser: %w", err)
	}
	stopBrowser = func() { _ = chromedp.Cancel(browser) }
	return browser, nil
})

var stopBrowser = func() {}

func TestMain(m *testing.M) {
	m.Run()
	stopBrowser()
}

// tab is a tab of the browser that shows the page. A test in whose tab an error
// is logged, the policy is violated or another server is asked fails.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	mu      sync.Mutex
	trouble []string
	refused bool // answers that are no success are expected
}

// look is how the page is shown.
type look struct {
	width, height int64
	dark, phone   bool
}

var (
	desktop = look{width: 1280, height: 900}
	phone   = look{width: 375, height: 780, phone: true}
)

// serve runs the page with a service behind it.
func serve(t *testing.T, service http.Handler) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", Handler())
	mux.Handle("POST /v1/predict", service)
	mux.Handle("GET /readyz", ready(tinyModel(t)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// open opens the page in a tab with no past.
func open(t *testing.T, server *httptest.Server, l look) *tab {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	p := &tab{t: t, url: server.URL + "/"}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.watch))
	p.ctx = ctx
	t.Cleanup(func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, text := range p.trouble {
			t.Error(text)
		}
	})
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	scale := 1.0
	if l.phone {
		scale = 2
	}
	if err := chromedp.Do(ctx); err != nil { // without a limit of time: the tab lives as long as this context
		t.Fatal(err)
	}
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err1 := cdp.Call(ctx, target, network.Enable, network.EnableParams{})
		_, err2 := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: l.width, Height: l.height, DeviceScaleFactor: scale, Mobile: l.phone,
		})
		_, err3 := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return errors.Join(err1, err2, err3)
	}), chromedp.Navigate(p.url))
	p.until("document.querySelector('[data-language=en]').ariaPressed === 'true' && document.documentElement.lang === 'en'")
	return p
}

func (p *tab) watch(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	note := func(format string, args ...any) { p.trouble = append(p.trouble, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		note("an exception at %s:%d: %s", e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber+1, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		note("the page logs %s", e.Type)
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceNetwork && p.refused {
			return
		}
		note("the browser logs %s, %s: %s", e.Entry.Source, e.Entry.Level, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, p.url) && !strings.HasPrefix(e.Request.URL, "blob:"+p.url) {
			note("the page asks %s", e.Request.URL)
		}
	}
}

// expectRefusals lets the browser log answers that are no success.
func (p *tab) expectRefusals() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = true
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// ask evaluates a JavaScript expression, awaiting promises.
func ask[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("browser: %v", err)
	}
	return value
}

// say is a string that JavaScript computes.
func (p *tab) say(expression string) string {
	p.t.Helper()
	return ask[string](p, expression)
}

// run runs JavaScript for what it does.
func (p *tab) run(expression string) {
	p.t.Helper()
	ask[chromedp.Void](p, expression)
}

// text is what an element says.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return p.say(fmt.Sprintf("document.querySelector(%q).textContent", selector))
}

// until waits for a JavaScript expression to hold, also while the page is left
// for another. (chromedp.Poll would make code of a string, which the page's
// policy forbids.)
func (p *tab) until(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		switch {
		case holds:
			return
		case ctx.Err() != nil:
			p.t.Fatalf("it never holds: %s (%v)", expression, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// back goes one page back. (history.back() may end the page before it has
// answered, and chromedp.NavigateBack waits for a load that doesn't come for a
// page that the browser has kept.)
func (p *tab) back() {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		history, err := cdp.Call(ctx, target, page.GetNavigationHistory, cdp.Empty{})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{
			EntryID: history.Entries[history.CurrentIndex-1].ID,
		})
		return err
	}))
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// press presses keys, as of chromedp/kb.
func (p *tab) press(keys string, options ...chromedp.KeyOption) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, options...))
}

// paste puts a text into the transcript's field.
func (p *tab) paste(text string) {
	p.t.Helper()
	p.run("document.getElementById('transcript').focus(); document.getElementById('transcript').select()")
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// read pastes a text and waits for its labels.
func (p *tab) read(text string) {
	p.t.Helper()
	p.paste(text)
	p.click("#read")
	p.until("document.querySelector('#call-text') && document.getElementById('stop').hidden")
}

// file writes a file to give to the page.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// choose gives the page files by its button.
func (p *tab) choose(paths ...string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.ID("file"), paths))
}

// drop drops files on the page.
func (p *tab) drop(paths ...string) {
	p.t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 300, Y: 300, Data: data})
			return err
		}))
	}
}

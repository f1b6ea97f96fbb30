package web

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// faint lists the texts on the page whose contrast with what is behind them is
// less than 4.5, as of WCAG 2 (AA).
const faint = `(() => {
	const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
	const rgba = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
	const behind = (e) => e === null ? [255, 255, 255] : over(rgba(getComputedStyle(e).backgroundColor), behind(e.parentElement));
	const light = (c) => c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const found = [];
	for (const e of document.querySelectorAll('body *')) {
		if (e.closest('.hidden, .skip') || e.disabled || e.getClientRects().length === 0) continue;
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '') && !e.matches('textarea, input')) continue;
		const under = behind(e);
		const [a, b] = [light(over(rgba(getComputedStyle(e).color), under)), light(under)].sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < 4.5) found.push((e.id || e.className || e.tagName) + ' ' + contrast.toFixed(2));
	}
	return [...new Set(found)].join('; ');
})()`

// wide lists what is wider than the window.
const wide = `document.documentElement.scrollWidth <= innerWidth ? '' :
	[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.id || e.className || e.tagName).slice(0, 5).join('; ') || 'the page'`

// small lists the controls that a finger would miss (WCAG 2.2: 24 pixels).
const small = `[...document.querySelectorAll('button, summary, textarea, input[type=text], label.choice')]
	.filter((e) => e.getClientRects().length > 0 && (e.offsetHeight < 24 || e.offsetWidth < 24)).map((e) => e.id || e.className || e.textContent).join('; ')`

// TestLooks: light and dark, on a desk and on a phone, all can be read, nothing
// scrolls sideways, and every control has a name.
func TestLooks(t *testing.T) {
	text := call + " " + strings.Repeat("Mwakamba", 40) + " " + callOf(4)
	for name, l := range map[string]look{
		"light": desktop, "dark": {width: 1280, height: 900, dark: true},
		"phone": phone, "dark phone": {width: 320, height: 640, dark: true, phone: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, serve(t, predict(tinyModel(t))), l)
			check := func(what string) {
				t.Helper()
				for kind, expression := range map[string]string{"too faint": faint, "too wide": wide, "too small": small} {
					if got := p.say(expression); got != "" {
						t.Errorf("%s: %s: %s", what, kind, got)
					}
				}
				p.named(what)
			}
			check("empty")
			p.click("#read") // complains
			check("complaint")
			p.click(".key summary")
			p.read(text)
			check("a call")
			p.click("input[name=look][value=qa]")
			p.slide(0.4)
			p.run("document.querySelectorAll('details').forEach((d) => d.open = true)")
			check("what the model looked at")
			p.click("[data-language=sw]")
			check("in Swahili")
			p.choose(file(t, "calls.jsonl", lines(55)))
			p.until("document.getElementById('status').textContent.endsWith('55 kati ya 55.')")
			p.click("[data-call='3']")
			check("many calls")
			if got, want := p.say("getComputedStyle(document.body).backgroundColor"), "rgb(251, 250, 247)"; (got == want) == l.dark {
				t.Errorf("the paper is %s", got)
			}
		})
	}
}

// named finds the controls that a screen reader couldn't name.
func (p *tab) named(what string) {
	p.t.Helper()
	tree, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		p.t.Fatal(err)
	}
	n := 0
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		switch role := strings.Trim(string(node.Role.Value), `"`); role {
		case "button", "textbox", "slider", "radio", "link", "progressbar", "region", "DisclosureTriangle":
			if n++; node.Name == nil || string(node.Name.Value) == `""` {
				p.t.Errorf("%s: a %s has no name", what, role)
			}
		}
	}
	if n < 7 {
		p.t.Errorf("%s: a screen reader finds %d controls", what, n)
	}
}

var pictures = flag.String("pictures", "", "folder for the pictures of the page")

// TestPictures takes the pictures of the docs. With -pictures DIR they stay
// there, with -model DIR they show a trained model:
//
//	go test ./web -run TestPictures -pictures ../docs/images -model ../models/quickstart
func TestPictures(t *testing.T) {
	dir := *pictures
	if dir == "" {
		dir = t.TempDir()
	}
	model := tinyModel(t)
	if *modelFlag != "" {
		m, tok, err := fusion.Load(*modelFlag, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Drop()
		model = fusion.NewPredictor(m, tok)
	}
	options := synth.Options{NER: 40, QA: 40, Cases: 40, Seed: 9, Short: true}
	var calls strings.Builder
	var text string
	n := 0
	for r := range synth.QA(options) {
		if n++; n == 1 {
			text = string(r.Text)
		}
		if n <= 12 {
			fmt.Fprintf(&calls, "{\"id\": \"call %d\", \"text\": %q}\n", n, string(r.Text))
		}
	}
	for name, l := range map[string]look{
		"page": {width: 1280, height: 1240}, "page-dark": {width: 1280, height: 1240, dark: true}, "page-phone": {width: 390, height: 1500, phone: true},
	} {
		p := open(t, serve(t, predict(model)), l)
		p.read(text)
		if l.dark {
			p.click("input[name=look][value=qa]")
		}
		p.picture(filepath.Join(dir, name+".png"), l)
	}
	l := look{width: 1280, height: 1000}
	p := open(t, serve(t, predict(model)), l)
	p.drop(file(t, "calls.jsonl", calls.String()))
	p.until("document.getElementById('status').textContent === 'Calls read: 12 of 12.'")
	p.picture(filepath.Join(dir, "page-calls.png"), l)
}

// picture writes what the window shows as PNG.
func (p *tab) picture(path string, l look) {
	p.t.Helper()
	p.run("document.activeElement.blur(); scrollTo(0, 0)")
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || int64(config.Width) < l.width {
		p.t.Errorf("%s is %d wide: %v", filepath.Base(path), config.Width, err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		p.t.Fatal(err)
	}
}

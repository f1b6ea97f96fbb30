package web

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/reviews"
)

// faint lists the texts on the page whose contrast with what is behind them is
// less than 4.5, as of WCAG 2 (AA).
const faint = `(() => {
	const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
	const known = new Map();
	const rgba = (colour) => {
		if (!known.has(colour)) known.set(colour, paint(colour));
		return known.get(colour);
	};
	const paint = (colour) => {
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
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '') && !e.matches('textarea, input[type=text]')) continue;
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
				found := ask[map[string]string](p, fmt.Sprintf("({'too faint': %s, 'too wide': %s, 'too small': %s})", faint, wide, small))
				for kind, names := range found {
					if names != "" {
						t.Errorf("%s: %s: %s", what, kind, names)
					}
				}
				if !l.dark { // the names are the same
					p.named(what)
				}
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
			long := "text,id\n" + strings.Repeat("my son was beaten in Kisumu. ", 40) + "Jos\xe9,12345678901234567890\n"
			p.choose(file(t, "one.csv", long), file(t, "calls.jsonl", lines(55)))
			p.until("document.getElementById('status').textContent.endsWith('56 kati ya 56.') && document.getElementById('notes').textContent !== ''")
			if got := p.text("tbody .cut"); got != "mwisho haukusomwa" {
				t.Errorf("at a call that was cut stands %q", got)
			}
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

// madeUp is the call of the README.
const madeUp = "Counselor: Child Helpline, Njeri speaking.\nCaller: My name is Amina. I am calling from Kisumu about my nephew Brian, nine years old. " +
	"He is beaten by his stepfather Otieno with a stick until he bleeds. It is physical abuse.\nCounselor: Pole sana, how can we reach him?\n" +
	"Caller: You can reach me on 0300123456.\nCounselor: Asante, we will help him."

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
	model, name := tinyModel(t), "tiny"
	if *modelFlag != "" {
		m, tok, err := fusion.Load(*modelFlag, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Drop()
		model, name = fusion.NewPredictor(m, tok), filepath.Base(*modelFlag)
	}
	options := synth.Options{Cases: 10, Seed: 9, Short: true}
	var calls strings.Builder
	n := 0
	for r := range synth.Cases(options) {
		n++
		fmt.Fprintf(&calls, "{\"id\": \"case-%d\", \"text\": %q}\n", 100+n, string(r.Narrative))
	}
	for file, l := range map[string]look{
		"page": desktop, "page-dark": {width: 1280, height: 900, dark: true}, "page-phone": {width: 390, height: 1500, phone: true},
	} {
		p := open(t, serve(t, predictAs(model, name)), l)
		p.read(madeUp)
		if l.dark {
			p.click("input[name=look][value=qa]")
		}
		p.picture(filepath.Join(dir, file+".png"), l)
	}
	without := open(t, reviewedBy(t, model, name, "", reviews.Options{}), desktop)
	without.read(madeUp)
	without.click("#redact")
	without.until("document.getElementById('redacted')")
	without.picture(filepath.Join(dir, "page-redacted.png"), desktop)

	a4 := look{width: 794, height: 1123} // at 96 dots per inch
	printed := open(t, serve(t, predictAs(model, name)), a4)
	printed.read(madeUp)
	printed.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	if left := printed.say("[...document.querySelectorAll('button, textarea, input')].filter((e) => e.getClientRects().length > 0).map((e) => e.id || e.textContent).join('; ')"); left != "" {
		t.Errorf("controls on paper: %s", left)
	}
	printed.picture(filepath.Join(dir, "page-print.png"), a4)

	p := open(t, serve(t, predictAs(model, name)), desktop)
	p.drop(file(t, "calls.jsonl", calls.String()))
	p.until("document.getElementById('status').textContent === 'Calls read: 10 of 10.'")
	p.picture(filepath.Join(dir, "page-calls.png"), desktop)
}

// picture writes the whole page as PNG; on a phone, what the window shows.
func (p *tab) picture(path string, l look) {
	p.t.Helper()
	p.run("document.activeElement.blur(); document.getElementById('transcript').scrollTop = 0; scrollTo(0, 0)")
	shot := chromedp.FullScreenshot(100) // 100 is PNG
	if l.phone {
		shot = chromedp.CaptureScreenshot()
	}
	data, err := chromedp.Run(p.ctx, shot)
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

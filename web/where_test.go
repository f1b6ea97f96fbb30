package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// TestTurns: a call's turns are its lines and what follows a speaker's label.
func TestTurns(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	for text, want := range map[string]string{
		"Counselor: Hello 😀. Caller: My name is Amina. Counselor: How old? Caller: 9.": "Counselor: Hello 😀.|Caller: My name is Amina.|Counselor: How old?|Caller: 9.",
		"[AGENT] Hello [CALLER] I am at 10:30: yes [AGENT] Where? [CALLER] Here":       "[AGENT] Hello|[CALLER] I am at 10:30: yes|[AGENT] Where?|[CALLER] Here",
		"Mpigaji simu: Habari. Mshauri: Nzuri. Mpigaji simu: Asante. Mshauri: Karibu.": "Mpigaji simu: Habari.|Mshauri: Nzuri.|Mpigaji simu: Asante.|Mshauri: Karibu.",
		"Speaker 1: One. Speaker 2: At 10: two. Speaker 1: Three. Speaker 2: Four.":    "Speaker 1: One.|Speaker 2: At 10: two.|Speaker 1: Three.|Speaker 2: Four.",
		"SPEAKER_00: One. SPEAKER_01: Two. SPEAKER_00: Three. SPEAKER_01: Four.":       "SPEAKER_00: One.|SPEAKER_01: Two.|SPEAKER_00: Three.|SPEAKER_01: Four.",
		" Hello\n\n  my son \r\nwas beaten\n":                                          "Hello|my son|was beaten",
		"A: one A: two\nB: three B: four":                                              "A: one A: two|B: three B: four",
		"Note: this label stands once. So these are sentences! Are they?":              "Note: this label stands once.|So these are sentences!|Are they?",
		"one turn": "one turn", "": "", " \n ": "",
	} {
		got := ask[[]string](p, fmt.Sprintf("Promise.all([import('/turns.js'), import('/text.js')]).then(([{turnsOf}, {cutter}]) => turnsOf(%[1]s).map(({start, end}) => cutter(%[1]s).cut(start, end)))", asJS(t, text)))
		if strings.Join(got, "|") != want {
			t.Errorf("%q: turns %q, want %q", text, got, want)
		}
	}
	if got := p.say("import('/turns.js').then(({weighTurns}) => JSON.stringify(weighTurns([{start: 0, end: 5}, {start: 6, end: 9}, {start: 9, end: 20}], [{start: 0, weight: 0.5}, {start: 4, weight: 0.25}, {start: 9, weight: 0.125}, {start: 19, weight: 0.125}]).map((turn) => [turn.number, turn.weight])))"); got != "[[1,0.75],[2,0],[3,0.25]]" {
		t.Errorf("weights %s", got)
	}
}

// longTurns is a call of some 5,000 words with 400 turns.
func longTurns() (turns []string) {
	for i := range 400 {
		speaker := []string{"Counselor:", "Caller:"}[i%2]
		turns = append(turns, speaker+" Hello my name is Mwakamba from Kisumu"+strings.Repeat(" son", i%7)+" he was beaten .")
	}
	return turns
}

// TestWhere: of a call of 5,000 words the page says in which turns the model looked, and
// brings them into view.
func TestWhere(t *testing.T) {
	model, err := newTiny(datasets.Windows{Length: limit, Overlap: 40})
	if err != nil {
		t.Fatal(err)
	}
	for name, look := range map[string]look{"desktop": desktop, "phone": phone} {
		t.Run(name, func(t *testing.T) {
			p := open(t, serve(t, predict(model)), look)
			turns := longTurns()
			text := strings.Join(turns, " ")
			p.read(text)
			want := predicted(t, model, text)
			if strings.Contains(p.text("#result"), "wasn’t read") || want.Truncated {
				t.Error("the page says that the end wasn't read")
			}
			compare(t, p.shown(), text, want)
			p.click("input[name=look][value=qa]")
			if s := p.shown(); s.Text != text || len(s.Words) == 0 {
				t.Errorf("%d words are shaded", len(s.Words))
			}
			listed := ask[[][2]string](p, "[...document.querySelectorAll('.where li')].map((li) => [li.querySelector('button').dataset.turn, li.querySelector('.number').textContent])")
			heaviest := heaviestTurns(turns, want.Attention.Get("qa"))
			if len(listed) == 0 || len(listed) > 5 {
				t.Fatalf("%d turns are listed", len(listed))
			}
			for i, turn := range listed {
				if turn[0] != fmt.Sprint(heaviest[i].number) || turn[1] != percent(heaviest[i].weight) {
					t.Errorf("turn %s has %s, want %d with %s", turn[0], turn[1], heaviest[i].number, percent(heaviest[i].weight))
				}
			}
			for i := range listed {
				p.click(fmt.Sprintf(".where li:nth-child(%d) button", i+1))
				got := p.say(`(() => {
					const range = [...CSS.highlights.get('turn')][0], box = document.getElementById('call-text').getBoundingClientRect(), {top, bottom} = range.getBoundingClientRect();
					if (top < Math.max(0, box.top) - 1 || bottom > Math.min(innerHeight, box.bottom) + 1) return 'out of view';
					const part = range.cloneContents();
					for (const label of part.querySelectorAll('.label')) label.remove();
					return part.textContent;
				})()`)
				if turn := turns[heaviest[i].number-1]; got != turn {
					t.Errorf("marked is %q, want %q", got, turn)
				}
			}
			if got := p.say("String(document.documentElement.scrollWidth <= innerWidth) + (document.getElementById('call-text').clientHeight < innerHeight)"); got != "truetrue" {
				t.Errorf("fits in width, and the text in height: %s", got)
			}
		})
	}
}

// TestWhereOfLabels: of a model with an attention for each label the page says where each
// criterion was found, and at first where all were.
func TestWhereOfLabels(t *testing.T) {
	qa, err := tasks.QA().Pooled(tasks.LabelAttentionPooling)
	if err != nil {
		t.Fatal(err)
	}
	model, err := newTinyOf(datasets.Windows{Length: limit, Overlap: 40}, qa)
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, serve(t, predict(model)), desktop)
	turns := longTurns()[:60]
	text := strings.Join(turns, " ")
	p.read(text)
	want := predicted(t, model, text)
	if n := p.say("String(document.querySelectorAll('#look-label').length)"); n != "0" {
		t.Errorf("a choice of labels is there before one of a task: %s", n)
	}
	p.click("input[name=look][value=cls]")
	if n := p.say("String(document.querySelectorAll('#look-label').length)"); n != "0" {
		t.Errorf("a choice of labels of categories, which share an attention: %s", n)
	}
	p.click("input[name=look][value=qa]")
	words := want.Attention.Get("qa")
	check := func(what string, weights []fusion.WordWeight) {
		t.Helper()
		listed := ask[[][2]string](p, "[...document.querySelectorAll('.where li')].map((li) => [li.querySelector('button').dataset.turn, li.querySelector('.number').textContent])")
		heaviest := heaviestTurns(turns, weights)
		if len(listed) == 0 {
			t.Fatalf("%s: no turns are listed", what)
		}
		for i, turn := range listed {
			if turn[0] != fmt.Sprint(heaviest[i].number) || turn[1] != percent(heaviest[i].weight) {
				t.Errorf("%s: turn %s has %s, want %d with %s", what, turn[0], turn[1], heaviest[i].number, percent(heaviest[i].weight))
			}
		}
	}
	check("all", words)
	number := 0
	for _, head := range want.LabelAttention.Get("qa") {
		for _, label := range head.Value.Labels {
			p.say(fmt.Sprintf("(() => {const s = document.getElementById('look-label'); s.value = '%d'; s.dispatchEvent(new Event('change')); return s.selectedOptions[0].textContent;})()", number))
			if got := p.say("document.getElementById('look-label').selectedOptions[0].textContent"); got != label.Name {
				t.Errorf("option %d is %q, want %q", number, got, label.Name)
			}
			own := make([]fusion.WordWeight, len(words))
			for i, w := range words {
				own[i] = fusion.WordWeight{Start: w.Start, End: w.End, Weight: label.Value[i]}
			}
			check(label.Name, own)
			number++
		}
	}
	if number != 17 {
		t.Errorf("%d criteria", number)
	}
}

type weighedTurn struct {
	number int // from 1
	weight float32
}

// heaviestTurns adds up the words' weights by turn; turns have a space between them.
func heaviestTurns(turns []string, words []fusion.WordWeight) []weighedTurn {
	list := make([]weighedTurn, len(turns))
	end := -1
	at := 0
	for i, turn := range turns {
		end += len(turn) + 1
		sum := 0.0
		for at < len(words) && words[at].Start < end {
			sum += float64(words[at].Weight)
			at++
		}
		list[i] = weighedTurn{i + 1, float32(sum)}
	}
	slices.SortStableFunc(list, func(a, b weighedTurn) int { return int(math.Copysign(1, float64(b.weight-a.weight))) })
	return list
}

// TestShortCallsDontScroll: only calls of thousands of words have a place of their own to
// scroll in, and a call of one turn has no list.
func TestShortCallsDontScroll(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	p.read("my son was beaten")
	p.click("input[name=look][value=qa]")
	if got := p.say("document.getElementById('call-text').className + document.querySelectorAll('.where').length"); got != "call weighed0" {
		t.Errorf("got %q", got)
	}
}

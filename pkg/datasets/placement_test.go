package datasets

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// marked is a text whose spans stand in brackets, such as "I am [Amina].".
type marked string

// entities are the text without brackets, and its spans in characters.
func (m marked) entities() (text string, spans []Entity) {
	var out []rune
	for _, r := range string(m) {
		switch r {
		case '[':
			spans = append(spans, Entity{Start: len(out), Label: "NAME"})
		case ']':
			spans[len(spans)-1].End = len(out)
		default:
			out = append(out, r)
		}
	}
	return string(out), spans
}

// warningOf is the warning of texts whose spans went through change.
func warningOf(texts []marked, change func(record int, text string, e Entity) Entity) string {
	var p placement
	for i, m := range texts {
		text, spans := m.entities()
		for k := range spans {
			spans[k] = change(i, text, spans[k])
		}
		p.note([]rune(text), spans)
	}
	return p.warning()
}

func same(_ int, _ string, e Entity) Entity { return e }

// byPrefix changes both ends by what comes before them in the text.
func byPrefix(size func(before string) int) func(int, string, Entity) Entity {
	return func(_ int, text string, e Entity) Entity {
		runes := []rune(text)
		return Entity{size(string(runes[:e.Start])), size(string(runes[:e.End])), e.Label}
	}
}

// calls are texts with what shifts offsets: characters of several sizes, line
// breaks, and blanks at the start.
var calls = []marked{
	"📞😀 My name is [Amina] and I call from [Kisumu]. Asante.",
	"📞 [Brian] is [nine]. He lives in [Mombasa] né.",
	"  Counsellor: Hello.\r\nCaller: I am [Wanjiru], of [Nakuru].\r\nThe child is [Otieno]'s.",
	"Caller: [Amina]\nCounsellor: Who?\n[Amina Kamau], from [Kisumu]\n",
	"“Pole,” said [Njeri] – she's at [Eldoret] 😀 with [Achieng].",
}

func TestOtherUnitsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		change func(int, string, Entity) Entity
		want   string
	}{
		"UTF-16":            {byPrefix(func(s string) int { return len(utf16.Encode([]rune(s))) }), "UTF-16 units"},
		"bytes":             {byPrefix(func(s string) int { return len(s) }), "bytes of UTF-8"},
		"lines without \\r": {byPrefix(func(s string) int { return utf8.RuneCountInString(strings.ReplaceAll(s, "\r\n", "\n")) }), `whose \r\n are \n`},
		"lines with \\r": {byPrefix(func(s string) int {
			return utf8.RuneCountInString(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n"))
		}), `whose \n are \r\n`},
		"trimmed":    {byPrefix(func(s string) int { return utf8.RuneCountInString(strings.TrimLeft(s, " ")) }), "without the blanks at its start"},
		"last":       {func(_ int, _ string, e Entity) Entity { e.End--; return e }, "with the end at the last one, not behind it"},
		"from 1":     {func(_ int, _ string, e Entity) Entity { e.Start++; e.End++; return e }, "counted characters from 1:"},
		"first last": {func(_ int, _ string, e Entity) Entity { e.Start++; return e }, "characters from 1 with the end at the last one"},
	} {
		if got := warningOf(calls, c.change); !strings.Contains(got, "but would if their offsets counted") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want one that says %q", name, got, c.want)
		}
	}
	if got := warningOf(calls, same); got != "" {
		t.Errorf("as they are: got %q", got)
	}
}

// One record of another tool among many is found.
func TestAFewShiftedRecords(t *testing.T) {
	var many []marked
	for i := range 200 {
		many = append(many, marked(fmt.Sprintf("Call %d: [Amina] calls from [Kisumu] today.", i)))
	}
	many[50] = "📞 Call: [Amina] calls from [Kisumu] today."
	utf16s := byPrefix(func(s string) int { return len(utf16.Encode([]rune(s))) })
	want := "2 of 400 spans (0.5 %) don't begin and end where words do, but would if their offsets counted UTF-16 units"
	if got := warningOf(many, utf16s); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// Records of two tools: half of those with such characters are right.
	for i := range many {
		many[i] = "📞 Call: [Amina] calls from [Kisumu] today."
	}
	got := warningOf(many, func(record int, text string, e Entity) Entity {
		if record%2 == 0 {
			return e
		}
		return utf16s(record, text, e)
	})
	if !strings.HasPrefix(got, "200 of 400 spans (50 %)") || !strings.Contains(got, "UTF-16") {
		t.Errorf("two tools: got %q", got)
	}
}

// A shift that no unit explains is told from its share of the spans on.
func TestShiftedSpans(t *testing.T) {
	var many []marked
	for i := range 100 {
		many = append(many, marked(fmt.Sprintf("Call %d: [Amina] calls from [Kisumu] today.", i)))
	}
	for _, c := range []struct {
		share int // of the records, in percent
		want  string
	}{
		{3, ""}, {10, "20 of 200 spans (10 %) don't begin and end where words do (20 begin and 20 end inside one)"}, {100, "200 of 200 spans (100 %)"},
	} {
		got := warningOf(many, func(record int, _ string, e Entity) Entity {
			if record < c.share {
				return Entity{e.Start + 3, e.End + 3, e.Label}
			}
			return e
		})
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%d %%: got %q, want %q", c.share, got, c.want)
		}
	}
	// The ends of a third lack a letter, as one of three annotators counts.
	got := warningOf(many, func(record int, _ string, e Entity) Entity {
		if record%3 == 0 {
			e.End--
		}
		return e
	})
	if !strings.HasPrefix(got, "68 of 200 spans (34 %)") {
		t.Errorf("ends of a third: got %q", got)
	}
	// Blanks at the ends do no harm.
	if got := warningOf([]marked{"I am [Amina ]of [Kisumu].", "of [ Nakuru], [Brian]"}, same); got != "" {
		t.Errorf("blanks: got %q", got)
	}
}

// What people label on purpose isn't taken for a shift.
func TestSpansThatFitTheirLanguage(t *testing.T) {
	for name, texts := range map[string][]marked{
		"Swahili":   {"Jina langu ni [Amina], natoka [Kisumu]. Mama yake [Wanjiru] anaitwa [mama Otieno].", "[Brian] ana miaka [tisa]; anaishi [Mombasa]."},
		"Shona":     {"Ndiri ku[Harare] na[Tendai], e[Thekwini].", "kwa[Chipo] [9]yrs, [5]km"},
		"Hungarian": {"[Budapest]en lakom, [Szeged]ről jöttem [Péter]rel.", "[Anna]nak adtam; [Debrecen]ben él [Gábor].", "[Pécs]ett, [Győr]ből"},
		"Finnish":   {"Asun [Helsingi]ssä, tulin [Turu]sta.", "[Anna]lle, [Mika]n talo [Oulu]ssa", "[Liisa] on kotona."},
		"German":    {"[Anna]s Mutter wohnt in [Berlin].", "Die [Kindergarten]leiterin heißt [Petra]."},
		"Hebrew":    {"אני גר ב[ירושלים] עם [דנה].", "ל[משה] מ[חיפה] ו[שרה]"},
		"Arabic":    {"أسكن في [القاهرة] و[نيروبي] مع [أمينة].", "ل[محمد] ب[كسلا]"},
		"Amharic":   {"ለ[አሚና]ም ከ[አዲስ አበባ] ነው።", "በ[ሐዋሳ] [ሰላም]"},
		"Korean":    {"[아미나]는 [서울]에서 왔습니다.", "[민수]가 [부산]으로"},
		"Chinese":   {"我叫[小明]住在[北京]市。", "[李华]今年[九岁]"},
		"Japanese":  {"[花子]さんは[東京]に住んでいます。", "[タロウ]です。"},
		"Thai":      {"ผมชื่อ[สมชาย]อยู่ที่[กรุงเทพ]ครับ"},
		"Hindi":     {"मेरा नाम [अमीना] है, [दिल्ली] से।"},
		"joined":    {"e-mail: [amina]@example.org, O'[Brien], [Wanjiru]-[Kamau], #[Kisumu]_[Town]"},
		"numbers":   {"[0300123456], born [12]/[03]/[2015], room [12]b, [Class8]"},
		"accents":   {"[Ame\u0301lie] de [Yaounde\u0301], [Zoë]"},
		"emoji":     {"👩‍👧 [Amina] 👍🏽[Brian]👍🏽"},
		"lines":     {"Caller:\r\n[Amina]\r\n[Kisumu]\r\n"},
	} {
		if got := warningOf(slices.Repeat(texts, 30), same); got != "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// A span outside its text says which unit is perhaps meant.
func TestSpanOutsideInAnotherUnit(t *testing.T) {
	for content, want := range map[string]string{
		`{"text": "📞 Amina", "entities": [{"start": 3, "end": 8, "label": "NAME"}]}`: "isn't inside the text of 7 characters; it is if it counts UTF-16 units",
		`{"text": "é Amina", "entities": [{"start": 3, "end": 8, "label": "NAME"}]}`: "it is if it counts bytes of UTF-8",
		`{"text": "x Amina", "entities": [{"start": 3, "end": 8, "label": "NAME"}]}`: "isn't inside the text of 7 characters",
	} {
		if _, err := load(t, content, builtIn()["ner"]); err == nil || !strings.HasSuffix(strings.SplitAfter(err.Error(), " (as ")[0], want) && !strings.Contains(err.Error(), want+" (as") {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
	// The others are told of if it is left out.
	content := strings.Repeat(`{"text": "📞 Amina of Kisumu ", "entities": [{"start": 3, "end": 8, "label": "NAME"}, {"start": 12, "end": 18, "label": "NAME"}]}`+"\n", 9) +
		`{"text": "📞 Amina", "entities": [{"start": 3, "end": 8, "label": "NAME"}]}`
	r, err := Load(t.Context(), Source{Path: write(t, "data.json", content), Tasks: []tasks.Task{builtIn()["ner"]}, SkipBad: true})
	if err != nil || len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0], "task ner: 19 of 19 spans (100 %) don't begin and end where words do, but would if their offsets counted UTF-16") {
		t.Errorf("got %q, %v", r.Warnings, err)
	}
	if all, cut := r.Spans(0); all != 19 || cut != 18 {
		t.Errorf("%d spans, %d cut", all, cut)
	}
}

// FuzzPlacement: no text and no span breaks the count, and spans on whole
// words give no warning.
func FuzzPlacement(f *testing.F) {
	for _, m := range calls {
		text, spans := m.entities()
		f.Add(text, spans[0].Start, spans[0].End)
	}
	f.Add("\r\n\xff😀", -1, 1<<40)
	f.Fuzz(func(t *testing.T, text string, start, end int) {
		var p placement
		e := Entity{Start: start, End: end}
		p.note([]rune(text), []Entity{e})
		warning := p.warning()
		if runes := []rune(text); FitsWords(runes, e) && warning != "" {
			t.Errorf("%q, %v: %s", text, e, warning)
		}
	})
}

// A constant shift is told of, whichever way it goes.
func TestShiftsAreTold(t *testing.T) {
	texts := slices.Repeat([]marked{
		"Hello my name is [Amina Otieno] and I live in [Kisumu] with my family.",
		"My neighbour [Wanjiru] came from [Nakuru] yesterday and told us about [Brian].",
		"This is about [Mwakamba], who is at [Mombasa] now because of her uncle [Juma].",
	}, 20)
	for _, shift := range []int{-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6} {
		got := warningOf(texts, func(_ int, _ string, e Entity) Entity {
			return Entity{e.Start + shift, e.End + shift, e.Label}
		})
		if got == "" {
			t.Errorf("no warning of spans that are shifted by %d", shift)
		}
	}
}

package synth

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// reach is how many words a reader of 512 tokens sees at most.
const reach = 512

// longSet are long calls of each kind.
var longSet = sync.OnceValue(func() (s struct {
	ner   []datasets.NERRecord
	cases []datasets.CaseRecord
	qa    []datasets.QARecord
}) {
	o := Options{NER: 400, Cases: 400, QA: 600, Seed: 42, Long: true}
	s.ner, s.cases, s.qa = slices.Collect(NER(o)), slices.Collect(Cases(o)), slices.Collect(QA(o))
	return s
})

// said is a turn of a call, and the number of words before it.
type said struct {
	who, text string
	before    int
}

// saidBy are the turns of a long call.
func saidBy(t *testing.T, text datasets.Transcript) []said {
	t.Helper()
	var turns []said
	words := 0
	for line := range strings.Lines(string(text)) {
		who, rest, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || who != "Counselor" && who != "Caller" {
			t.Fatalf("a line begins neither with Counselor: nor with Caller: (%d characters)", len(line))
		}
		turns = append(turns, said{who, rest, words})
		words += len(strings.Fields(line))
	}
	return turns
}

// has reports whether a speaker says one of the sentences, early or late.
func has(turns []said, who string, late bool, sentences []string) bool {
	return slices.ContainsFunc(turns, func(s said) bool {
		return s.who == who && (s.before >= reach) == late && slices.ContainsFunc(sentences, func(sentence string) bool {
			return slices.Contains(strings.FieldsFunc(s.text, isStop), strings.TrimRight(sentence, ".?!")) || strings.Contains(s.text, sentence)
		})
	})
}

// spoken are a criterion's sentences as the speaker says them, contracted or not.
func spoken(sentences ...[]string) []string {
	list := slices.Concat(sentences...)
	for _, sentence := range list {
		list = append(list, contractions.Replace(" " + sentence)[1:])
	}
	return list
}

func isStop(r rune) bool { return strings.ContainsRune(".?!", r) }

func TestLongWords(t *testing.T) {
	s := longSet()
	var texts []datasets.Transcript
	for _, r := range s.ner {
		texts = append(texts, r.Text)
	}
	for _, r := range s.cases {
		texts = append(texts, r.Narrative)
	}
	for _, r := range s.qa {
		texts = append(texts, r.Text)
	}
	for i, text := range texts {
		if n := len(strings.Fields(string(text))); n < 1500 || n > 4000 {
			t.Errorf("text %d has %d words, want 1,500 to 4,000", i, n)
		}
		if turns := saidBy(t, text); len(turns) < 100 {
			t.Errorf("text %d has %d turns", i, len(turns))
		}
	}
}

// metIn are the criteria met by a record's labels.
func metIn(t *testing.T, r datasets.QARecord) (met [criterionCount]bool) {
	t.Helper()
	var text string
	var values map[string]any
	if err := json.Unmarshal(r.Labels, &text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	for _, head := range heads {
		list, _ := values[head.name].([]any) // a string: nothing is met
		for i := range head.size {
			met[head.first+i] = i < len(list) && list[i] == 1.0
		}
	}
	return met
}

// A late criterion is met if the counsellor says so late, and in no other case: nothing
// that the counsellor says early counts, nor what the caller says.
func TestLongCriteria(t *testing.T) {
	records := longSet().qa
	for _, i := range lateCriteria {
		wrong, met, sentences := 0, 0, spoken(criteria[i].met)
		for n, r := range records {
			turns := saidBy(t, r.Text)
			if has(turns, "Counselor", false, sentences) {
				t.Errorf("record %d: the counsellor speaks of late criterion %d early", n, i)
			}
			label := metIn(t, r)[i]
			if label != has(turns, "Counselor", true, sentences) {
				wrong++
			}
			if label {
				met++
			}
		}
		n := float64(len(records))
		if share := float64(wrong) / n; share > 3*qaNoise {
			t.Errorf("criterion %d: %.3f of the labels don't follow from the text", i, share)
		}
		if share := float64(met) / n; share < 0.3 || share > 0.7 {
			t.Errorf("criterion %d is met in %.2f of the calls", i, share)
		}
	}
}

// The callers' early words of a late criterion are in many calls, whatever its label, and
// so are its words in general: what precedes says nothing about it.
func TestLongDecoys(t *testing.T) {
	records := longSet().qa
	for _, i := range lateCriteria {
		sentences := spoken(criteria[i].met, criteria[i].echo)
		var calls, decoys [2]float64
		for _, r := range records {
			label := 0
			if metIn(t, r)[i] {
				label = 1
			}
			calls[label]++
			if has(saidBy(t, r.Text), "Caller", false, sentences) {
				decoys[label]++
			}
		}
		unmet, met := decoys[0]/calls[0], decoys[1]/calls[1]
		if unmet < 0.2 || met < 0.2 || unmet-met > 0.13 || met-unmet > 0.13 { // more than three standard errors
			t.Errorf("criterion %d: early decoys in %.2f of the calls where it isn't met, %.2f where it is", i, unmet, met)
		}
	}
}

// The quality says nothing about late criteria, but something about the others.
func TestLongQuality(t *testing.T) {
	var calls, late, others [3]float64
	for _, r := range longSet().qa {
		q := slices.IndexFunc(qualities, func(q struct {
			name   string
			weight float64
			shift  float64
		}) bool {
			return q.name == r.QualityLevel
		})
		calls[q]++
		for i, met := range metIn(t, r) {
			switch {
			case !met:
			case slices.Contains(lateCriteria, i):
				late[q]++
			default:
				others[q]++
			}
		}
	}
	if poor, good := late[0]/calls[0], late[2]/calls[2]; good-poor > 0.6 || poor-good > 0.6 {
		t.Errorf("%.2f late criteria are met in poor calls, %.2f in good ones", poor, good)
	}
	if poor, good := others[0]/calls[0], others[2]/calls[2]; good < poor+2 {
		t.Errorf("%.2f other criteria are met in poor calls, %.2f in good ones", poor, good)
	}
}

func TestLongEntities(t *testing.T) {
	late, total := map[string]float64{}, map[string]float64{}
	var past, all float64
	for _, r := range longSet().ner {
		text := []rune(string(r.Text))
		words, last := 0, 0
		for _, e := range r.Entities {
			total[e.Label]++
			all++
			words += len(strings.Fields(string(text[last:e.Start])))
			last = e.Start
			if words > reach {
				late[e.Label]++
				past++
			}
		}
	}
	if len(total) != 9 {
		t.Errorf("entities of %d labels, want 9", len(total))
	}
	for label, n := range total {
		if share := late[label] / n; share < 0.4 {
			t.Errorf("%.2f of label %s stand after word %d", share, label, reach)
		}
	}
	if share := past / all; share < 0.6 {
		t.Errorf("%.2f of the entities stand after word %d", share, reach)
	}
}

// pattern matches the sentences that a template makes, contracted or not.
func pattern(templates []string) *regexp.Regexp {
	slot := regexp.MustCompile(`\\\{[^}]*\\\}`)
	var list []string
	for _, template := range templates {
		for _, variant := range []string{template, contractions.Replace(" " + template)[1:]} {
			list = append(list, slot.ReplaceAllString(regexp.QuoteMeta(variant), `[^.?!\n]*?`))
		}
	}
	return regexp.MustCompile("(?i)" + strings.Join(list, "|"))
}

// The intervention is always agreed late, and its early mentions say nothing about it. The
// category and the danger are mostly told late only.
func TestLongCases(t *testing.T) {
	agreed := regexp.MustCompile(`(?i)I will arrange |I'll arrange |we agree on |the next step is |let us go for |let's go for |tutapanga |haven't agreed|have not agreed|not decide today|nothing is decided`)
	asked := pattern(urgencyQuestions)
	patterns := map[string]*regexp.Regexp{}
	var told, danger, mentioned, same, n float64
	for i, r := range longSet().cases {
		turns := saidBy(t, r.Narrative)
		first := func(who string, p *regexp.Regexp) int {
			for _, s := range turns {
				if s.who == who && p.MatchString(s.text) {
					return s.before
				}
			}
			return -1
		}
		if at := first("Counselor", agreed); at <= reach {
			t.Errorf("record %d: the intervention is agreed at word %d", i, at)
		}
		if at := first("Counselor", asked); at > reach {
			danger++
		}
		at := slices.IndexFunc(topics, func(t topic) bool { return t.name == r.Category })
		if patterns[r.Category] == nil {
			var problems []string
			for _, p := range topics[at].problems {
				problems = append(problems, regexp.MustCompile(`\[[^]]*\]`).ReplaceAllString(p, "{choice}"))
			}
			patterns[r.Category] = pattern(problems)
		}
		if first("Caller", patterns[r.Category]) > reach {
			told++
		}
		for s, names := range steps {
			if has(turns, "Counselor", false, names) {
				mentioned++
				if datasets.Interventions()[s] == r.Intervention {
					same++
				}
			}
		}
		n++
	}
	if told/n < 0.55 || told/n > 0.8 || danger/n < 0.65 || danger/n > 0.85 || mentioned/n < 0.3 || same/mentioned > 0.2 {
		t.Errorf("category told late in %.2f, danger asked about late in %.2f, another intervention mentioned early in %.2f of the calls, of which %.2f are agreed",
			told/n, danger/n, mentioned/n, same/mentioned)
	}
}

func TestNotShortAndLong(t *testing.T) {
	if _, err := WriteAll(t.Context(), t.TempDir(), Options{NER: 1, Short: true, Long: true}, nil); err == nil || !strings.Contains(err.Error(), "both short and long") {
		t.Errorf("the error is %v", err)
	}
}

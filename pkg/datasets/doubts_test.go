package datasets

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// criteria are QA labels of every head.
const criteria = `{"opening": [1], "listening": [1, 0, 1, 1, 0], "proactiveness": [1, 0, 0], "resolution": [0, 0, 0, 0, 1], "hold": [0, 0], "closing": [1]}`

// What no record has would be taken as negative, or teach nothing.
func TestFieldsThatNoRecordHas(t *testing.T) {
	ner, cls, qa := builtIn()["ner"], builtIn()["cls"], builtIn()["qa"]
	for name, c := range map[string]struct {
		task    tasks.Task
		record  string
		missing string // fields
		there   string // fields
		meant   string
	}{
		"doccano":              {ner, `{"id": 7, "text": "Amina", "label": [[0, 5, "NAME"]]}`, `field "entities"`, `"id", "label", "text"`, ""},
		"Prodigy":              {ner, `{"text": "Amina", "spans": [{"start": 0, "end": 5, "label": "NAME"}], "answer": "accept"}`, `field "entities"`, `"answer", "spans", "text"`, ""},
		"Label Studio":         {ner, `{"id": 7, "data": {"text": "Amina"}, "annotations": [{"result": []}]}`, `field "text"`, `"annotations", "data", "id", "data.text"`, ""},
		"Label Studio's MIN":   {ner, `{"text": "Amina", "label": [{"start": 0, "end": 5, "labels": ["NAME"]}]}`, `field "entities"`, `"label", "text"`, ""},
		"capitals":             {ner, `{"text": "Amina", "Entities": []}`, `field "entities"`, `"Entities", "text"`, `"Entities"`},
		"singular":             {ner, `{"text": "Amina", "entity": 1, "entitie_s": 1}`, `field "entities"`, `"entitie_s", "entity", "text"`, `"entitie_s"`},
		"null":                 {ner, `{"text": "Amina", "entities": null}`, `field "entities"`, `"text"`, ""},
		"null's text":          {ner, `{"text": null, "Text": "Amina", "entities": []}`, `field "text"`, `"Text", "entities"`, `"Text"`},
		"transcript":           {qa, `{"transcript": "Amina", "labels": ` + criteria + `}`, `field "text"`, `"labels", "transcript"`, ""},
		"case's category":      {cls, `{"narrative": "Amina", "Category": "Other", "intervention": "Referral", "priority": 1}`, `field "category"`, `"Category", "intervention", "narrative", "priority"`, `"Category"`},
		"case's priority":      {cls, `{"narrative": "Amina", "category": "Other", "intervention": "Referral", "Priority": 1}`, `field "priority"`, `"Priority", "category", "intervention", "narrative"`, `"Priority"`},
		"case's text":          {cls, `{"text": "Amina", "category": "Other"}`, `field "narrative"`, `"category", "text"`, ""},
		"criteria":             {qa, `{"text": "Amina", "Labels": ` + criteria + `}`, `field "labels"`, `"Labels", "text"`, `"Labels"`},
		"label for labels":     {qa, `{"text": "Amina", "label": 1}`, `field "labels"`, `"label", "text"`, `"label"`},
		"a head":               {qa, `{"text": "Amina", "labels": ` + strings.Replace(criteria, "hold", "Hold", 1) + `}`, `field "labels.hold"`, `"labels.Hold", "labels.closing"`, `"labels.Hold"`},
		"heads":                {qa, `{"text": "Amina", "labels": {"opening": [1]}}`, `fields "labels.closing", "labels.hold", "labels.listening", "labels.proactiveness", "labels.resolution"`, `"labels.opening"`, ""},
		"heads in a text":      {qa, `{"text": "Amina", "labels": "{\"Opening\": [1]}"}`, `"labels.opening"`, `"labels.Opening"`, `"labels.Opening"`},
		"empty objects":        {qa, `{"text": "Amina", "labels": {}}`, `"labels.opening"`, "no other", ""},
		"own spans":            {places(t, "TOWN"), `{"text": "Amina", "Spans": []}`, `field "spans"`, `"Spans", "text"`, `"Spans"`},
		"own classes":          {mood(t, "calm"), `{"text": "Amina", "Caller": "calm", "reporter": {"gender": "male"}}`, `field "caller"`, `"Caller", "reporter", "text", "reporter.gender"`, `"Caller"`},
		"own classes, inside":  {mood(t, "calm"), `{"text": "Amina", "caller": "calm", "reporter": {"Gender": "male"}}`, `field "reporter.gender"`, `"reporter.Gender"`, `"reporter.Gender"`},
		"own flags":            {topics(t, "a"), `{"text": "Amina", "Topic": ["a"]}`, `field "topics"`, `"Topic", "text"`, `"Topic"`},
		"own flags, no labels": {topics(t), `{"text": "Amina", "Topic": ["a"]}`, `field "topics"`, `"Topic", "text"`, `"Topic"`},
		"a text as a name":     {ner, `{"text": "Amina", "` + strings.Repeat("Amina ", 20) + `": 1}`, `field "entities"`, "a name of 120 characters", ""},
	} {
		for layout, content := range layouts(c.record, c.record) {
			for _, skip := range []bool{false, true} {
				_, err := Load(t.Context(), Source{Path: write(t, "data.json", content), Tasks: []tasks.Task{c.task}, SkipBad: skip})
				if err == nil {
					t.Errorf("%s, %s: no error", name, layout)
					continue
				}
				text := err.Error()
				if !strings.Contains(text, "data.json: no record has a value in the field") || !strings.Contains(text, c.missing) || !strings.Contains(text, "; the records have "+c.there) && !strings.Contains(text, c.there) ||
					strings.Contains(text, "meant?") != (c.meant != "") || !strings.Contains(text, c.meant) || strings.Contains(text, "\n") || strings.Contains(text, secret) {
					t.Errorf("%s, %s: got %s", name, layout, text)
				}
			}
		}
	}
}

// In evaluation a head without labels isn't scored; where absent is negative,
// or nothing is left to score, the file is refused.
func TestFieldsThatNoRecordHasInEvaluation(t *testing.T) {
	class := mood(t, "calm")
	class.Heads[1].Labels = []string{"male"}
	cls := tasks.CLS(tasks.CaseLabels{Main: []string{"VANE"}, Sub: []string{"OCSEA"}, Intervention: []string{"Referral"}, Priority: []string{"1"}})
	for name, c := range map[string]struct {
		task    tasks.Task
		record  string
		refused bool
		want    []string
	}{
		"a head":    {class, `{"text": "x", "caller": "calm"}`, false, []string{`task mood: no record has the field "reporter": head gender isn't scored`}},
		"all heads": {class, `{"text": "x"}`, true, nil},
		"cases":     {cls, `{"narrative": "x", "category": "OCSEA"}`, false, []string{`task cls: no record has the field "intervention": head intervention isn't scored`, `task cls: no record has the field "priority": head priority isn't scored`}},
		"category":  {cls, `{"narrative": "x", "priority": 1}`, true, nil},
		"spans":     {builtIn()["ner"], `{"text": "x"}`, true, nil},
		"own spans": {places(t, "TOWN"), `{"text": "x"}`, true, nil},
		"criteria":  {builtIn()["qa"], `{"text": "x", "labels": {"opening": [1]}}`, true, nil},
	} {
		r, err := Load(t.Context(), Source{Path: write(t, "data.json", c.record), Tasks: []tasks.Task{c.task}, KeepUnknown: true})
		if (err != nil) != c.refused || !slices.Equal(r.Warnings, c.want) {
			t.Errorf("%s: got %q, %v; want %q", name, r.Warnings, err, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	ner, cls, qa := builtIn()["ner"], builtIn()["cls"], builtIn()["qa"]
	span := `{"text": "x", "entities": [{"start": 0, "end": 1, "label": "NAME"}]}` + "\n"
	judged := `{"text": "x", "labels": ` + criteria + "}\n"
	withHead := func(head, value string) string {
		before, rest, _ := strings.Cut(criteria, `"`+head+`": `)
		_, after, _ := strings.Cut(rest, "]")
		return `{"text": "x", "labels": ` + before + `"` + head + `": ` + value + after + "}\n"
	}
	call := func(category, intervention, priority string) string {
		return fmt.Sprintf(`{"narrative": "x", "category": %s, "intervention": %s, "priority": %s}`+"\n", category, intervention, priority)
	}
	whole := call(`"Other"`, `"Referral"`, `1`)
	for name, c := range map[string]struct {
		task    tasks.Task
		content string
		want    []string
	}{
		"spans":        {ner, span, nil},
		"outside":      {ner, strings.ReplaceAll(span, "NAME", "O"), []string{"task ner: no record has an entity: all 1 spans are labelled O"}},
		"one outside":  {ner, span + strings.ReplaceAll(span, "NAME", "O"), []string{"task ner: 1 of 2 spans are labelled O: they are no entities"}},
		"no span":      {ner, `{"text": "Amina", "entities": []}` + "\n" + `{"text": "Amina", "entities": []}`, []string{"task ner: no record has an entity"}},
		"some without": {ner, span + `{"text": "Amina"}` + "\n" + `{"text": "Amina", "entities": null}`, []string{`task ner: 2 of 3 records have no field "entities": they count as records that have no entity`}},
		"some other": {ner, span + `{"text": "Amina", "Entities": []}` + "\n", []string{
			`task ner: 1 of 2 records have no field "entities": they count as records that have no entity`, `task ner: 1 records have a field "Entities", which isn't read`,
		}},
		"own spans":       {places(t, "TOWN"), `{"text": "x", "spans": [{"start": 0, "end": 1, "label": "TOWN"}]}` + "\n" + `{"text": "x"}`, nil},
		"own spans, some": {places(t, "TOWN"), `{"text": "x", "spans": []}` + "\n" + `{"text": "x", "span": []}`, []string{`task places: 1 records have a field "span", which isn't read`, "task places: no record has an entity"}},

		"criteria":           {qa, judged + judged, nil},
		"records without":    {qa, judged + `{"text": "x"}`, []string{`task qa: 1 of 2 records have no field "labels": they count as records that meet no criterion`}},
		"a head, some":       {qa, judged + `{"text": "x", "labels": ` + strings.Replace(criteria, `"hold"`, `"Hold"`, 1) + `}`, []string{`task qa: 1 of 2 records have no field "labels.hold": they count as records that meet no criterion`, `task qa: 1 records have a field "labels.Hold", which isn't read`}},
		"not applicable":     {qa, judged + withHead("hold", `["No hold was required"]`) + withHead("hold", `"No hold was required"`), nil},
		"odd texts":          {qa, judged + withHead("hold", `["maybe", "Amina"]`) + withHead("closing", `["partly"]`), []string{"task qa: 3 values say neither yes nor no (hold 2, closing 1; the first in record 2): they count as no"}},
		"a scale":            {qa, judged + withHead("listening", "[5, 4, 1, 3, -2]"), []string{"task qa: 4 values are below 0 or above 1 (listening 4; the first in record 2): they count as 0 and as 1"}},
		"short everywhere":   {qa, withHead("listening", "[1, 0, 1]") + withHead("listening", "[1, 0]"), []string{"task qa: head listening: no record has more than 3 of its 5 values: the others count as no everywhere"}},
		"short somewhere":    {qa, judged + withHead("listening", "[1, 0]"), nil},
		"empty everywhere":   {qa, withHead("hold", "[]"), []string{"task qa: head hold: no record has a value for it: it counts as no everywhere"}},
		"long somewhere":     {qa, judged + withHead("hold", "[1, 0, 1]"), nil},
		"long mostly":        {qa, judged + withHead("hold", "[1, 0, 1]") + withHead("hold", "[1, 0, 1]"), []string{"task qa: head hold: 2 records have more values than its 2: those behind are passed over"}},
		"no at all":          {qa, strings.ReplaceAll(judged, "1", "0"), []string{"task qa: every label of every record is no"}},
		"own flags, no":      {topics(t, "a", "b"), `{"text": "x", "topics": [0, 0]}`, []string{"task topics: every label of every record is no"}},
		"own flags, by name": {topics(t), `{"text": "x", "topics": {"a": 0, "b": "no"}}`, []string{"task topics: every label of every record is no"}},
		"own flags, yes":     {topics(t), `{"text": "x", "topics": {"a": 0, "b": "yes"}}` + "\n" + `{"text": "x", "topics": []}`, nil},

		"cases":              {cls, whole + call(`"Legal issues"`, `"Shelter"`, `"2"`) + call(`"Legal Issues"`, `""`, "null"), nil},
		"a case without":     {cls, whole + `{"narrative": "x", "category": "Other"}`, nil},
		"white space":        {cls, whole + call(`"Other"`, `"Referral "`, `1`), []string{`task cls: head intervention: the labels "Referral" and "Referral " differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"an odd blank":       {cls, call(`"Other"`, `"Legal Aid"`, `1`) + call(`"Other"`, `"Legal\u00a0Aid"`, `1`), []string{`task cls: head intervention: the labels "Legal Aid" and "Legal\u00a0Aid" differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"letter case":        {cls, whole + call(`"Other"`, `"REFERRAL"`, `1`) + call(`"Other"`, `"referral"`, `1`), []string{`task cls: head intervention: the labels "REFERRAL", "Referral" and "referral" differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"numbers":            {cls, whole + call(`"Other"`, `"Referral"`, `"1.0"`) + call(`"Other"`, `"Referral"`, `1.0`), []string{`task cls: head priority: the labels "1" and "1.0" differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"leading zeros":      {cls, whole + call(`"Other"`, `"Referral"`, `"01"`), []string{`task cls: head priority: the labels "01" and "1" differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"a category's case":  {cls, whole + call(`"physical abuse"`, `"Referral"`, `1`), []string{`task cls: head main: "physical abuse" isn't in the table of categories, and therefore "Unknown"; "Physical Abuse" is in it`}},
		"a category's twice": {cls, whole + call(`"other"`, `"Referral"`, `1`), []string{`task cls: head main: "other" isn't in the table of categories, and therefore "Unknown"; "Other" is in it`, `task cls: head sub: the labels "Other" and "other" differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"entities' labels":   {places(t), `{"text": "x y", "spans": [{"start": 0, "end": 1, "label": "TOWN"}, {"start": 2, "end": 3, "label": "Town"}]}`, []string{`task places: head places: the labels "TOWN" and "Town" differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"own labels":         {topics(t), `{"text": "x", "topics": ["school", "School"]}`, []string{`task topics: head topics: the labels "School" and "school" differ only in white space, letter case or how a number is written, and are learnt as different ones`}},
		"truth values": {mood(t), `{"text": "x", "caller": true, "reporter": {"gender": "m"}}` + "\n" + `{"text": "x", "caller": "True"}` + "\n" + `{"text": "x", "caller": "e\u0301"}` + "\n" + `{"text": "x", "caller": "é"}`, []string{
			`task mood: head caller: the labels "True" and "true" differ only in white space, letter case or how a number is written, and are learnt as different ones`,
			"task mood: head caller: the labels \"e\u0301\" and \"é\" differ only in white space, letter case or how a number is written, and are learnt as different ones",
		}},
	} {
		r, err := load(t, c.content, c.task)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(r.Warnings, c.want) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", name, strings.Join(r.Warnings, "\n  "), strings.Join(c.want, "\n  "))
		}
	}
}

// In evaluation a label that the model knows in another spelling is unknown.
func TestUnknownLabelsThatLookKnown(t *testing.T) {
	class := mood(t, "calm", "1")
	class.Heads[1].Labels = []string{"male"}
	content := `{"text": "x", "caller": "Calm ", "reporter": {"gender": "male"}}` + "\n" + `{"text": "x", "caller": "1.0"}` + "\n" + `{"text": "x", "caller": "angry"}` + "\n" + `{"text": "x", "caller": "calm"}`
	r, err := Load(t.Context(), Source{Path: write(t, "data.json", content), Tasks: []tasks.Task{class}, KeepUnknown: true})
	if want := []string{`task mood: head caller: the model doesn't know the label "1.0", but "1"`, `task mood: head caller: the model doesn't know the label "Calm ", but "calm"`}; err != nil || !slices.Equal(r.Warnings, want) {
		t.Errorf("got %q, %v; want %q", r.Warnings, err, want)
	}
}

// Values that say nothing can't be most of a file's.
func TestFlagsThatSayNothing(t *testing.T) {
	const record = `{"text": "Amina", "labels": {"opening": [%[1]s], "listening": [%[1]s, 1, 1, 1, 1], "proactiveness": [], "resolution": [%[1]s], "hold": ["N/A"], "closing": %[2]s}}`
	for name, c := range map[string]struct{ one, closing, want string }{
		"half":       {`"Amina"`, `[1]`, ""},
		"most":       {`"Amina"`, `"Amina"`, "5 of the 9 values of task qa say neither yes nor no (opening 1, listening 1, resolution 1, hold 1, closing 1; the first in record 1); write 1 and 0, true and false, or yes and no"},
		"objects":    {`{"a": 1}`, `{"Amina": 1}`, "5 of the 9 values"},
		"not judged": {`"No hold was required"`, `null, "x": 0`, ""},
		"words":      {`"TRUE"`, `"Yes"`, ""},
	} {
		content := fmt.Sprintf(record, c.one, c.closing) + "\n" + fmt.Sprintf(record, c.one, c.closing)
		if c.want != "" {
			c.want = strings.NewReplacer("5 of the 9", "10 of the 18", " 1,", " 2,", "closing 1", "closing 2").Replace(c.want)
		} else {
			content += "\n" + `{"text": "x", "labels": ` + criteria + `}`
		}
		_, err := load(t, content, tasks.QA())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret)) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.want)
		}
	}
}

// A label that is the words of its span would be written into the model's files.
func TestLabelThatIsItsWords(t *testing.T) {
	for label, wrong := range map[string]bool{"Amina": true, "NAME": false} {
		content := fmt.Sprintf(`{"text": "NAME Amina", "spans": [{"start": 5, "end": 10, "label": %q}]}`, label)
		_, err := load(t, content, places(t))
		if got := err != nil && strings.Contains(err.Error(), "a label is the words that it stands for"); got != wrong || err != nil && strings.Contains(err.Error(), "Amina") {
			t.Errorf("label %s: error %v", label, err)
		}
	}
}

// Entities that all stand in records which are left out are missed.
func TestLostEntities(t *testing.T) {
	long := strings.Repeat("a ", 100)
	short := strings.Repeat(`{"text": "a", "entities": []}`+"\n", 3)
	with := fmt.Sprintf(`{"text": %q, "entities": [{"start": 0, "end": 1, "label": "NAME"}]}`+"\n", long)
	for content, want := range map[string]int{short + with: 1, with: 0, short + with + `{"text": "a", "entities": [{"start": 0, "end": 1, "label": "NAME"}]}`: 0} {
		records, err := load(t, content, builtIn()["ner"])
		if err != nil {
			t.Fatal(err)
		}
		set := mustEncode(t, records, Limits{MaxLength: 50})
		if len(set.Warnings) != want || want > 0 && !strings.Contains(set.Warnings[0], "none of the 3 records that are short enough has an entity") {
			t.Errorf("warnings %q, want %d", set.Warnings, want)
		}
	}
}

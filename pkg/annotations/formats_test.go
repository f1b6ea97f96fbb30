package annotations

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func mustFind(t testing.TB, name string) Format {
	t.Helper()
	f, err := Find(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func stream(t testing.TB, text string) Input {
	t.Helper()
	in, err := Stream("calls", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// convert returns the output of a conversion between streams.
func convert(t *testing.T, from, to, text string, o Options) (string, Summary, error) {
	t.Helper()
	var out strings.Builder
	s, err := Convert(t.Context(), stream(t, text), mustFind(t, from), Output{W: &out}, mustFind(t, to), o)
	return out.String(), s, err
}

func TestToNER(t *testing.T) {
	const amina = `{"id": "1", "text": "I am Amina", "entities": [{"start":5,"end":10,"label":"NAME"}]}`
	for name, test := range map[string]struct {
		from, text string
		o          Options
		want       string
	}{
		"Label Studio": {from: "labelstudio", want: amina, text: `[{"id": 1, "data": {"text": "I am Amina"}, "annotations": [
			{"was_cancelled": true, "result": []},
			{"result": [{"from_name": "l", "to_name": "t", "type": "labels", "value": {"start": 5, "end": 10, "text": "Amina", "labels": ["NAME"]}}]}]}]`},
		"Label Studio, old": {from: "labelstudio", want: amina, text: `[{"id": 1, "data": {"text": "I am Amina"}, "completions": [
			{"result": [{"from_name": "l", "to_name": "t", "type": "labels", "value": {"start": 5, "end": 10, "labels": ["NAME"]}}]}]}]`},
		"Label Studio, the ground truth of several": {from: "labelstudio", want: amina, text: `[{"id": 1, "data": {"text": "I am Amina"}, "annotations": [
			{"ground_truth": true, "updated_at": "2025-01-01", "result": [{"type": "labels", "value": {"start": 5, "end": 10, "labels": ["NAME"]}}]},
			{"updated_at": "2025-01-02", "result": []}]}]`},
		"Label Studio, the latest of several": {from: "labelstudio", want: amina, text: `[{"id": 1, "data": {"text": "I am Amina"}, "annotations": [
			{"updated_at": "2025-01-02", "result": [{"type": "labels", "value": {"start": 5, "end": 10, "labels": ["NAME"]}}]},
			{"updated_at": "2025-01-01", "result": []}]}]`},
		"Label Studio, HyperText": {from: "labelstudio", want: amina, text: `[{"id": 1, "data": {"text": "I am Amina"}, "annotations": [
			{"result": [{"type": "hypertextlabels", "value": {"start": "/div[1]/text()[1]", "end": "/div[1]/text()[1]", "globalOffsets": {"start": 5, "end": 10}, "hypertextlabels": ["NAME"]}}]}]}]`},
		"Label Studio, predictions": {from: "labelstudio", o: Options{Predictions: true}, want: amina, text: `[{"id": 1, "data": {"text": "I am Amina"}, "annotations": [], "predictions": [
			{"result": [{"type": "labels", "value": {"start": 5, "end": 10, "labels": ["NAME"]}}]}]}]`},
		"JSON_MIN": {from: "labelstudio", want: amina, text: `[{"id": 1, "text": "I am Amina", "annotator": 1, "annotation_id": 2, "created_at": "", "updated_at": "", "lead_time": 1.5,
			"label": [{"start": 5, "end": 10, "text": "Amina", "labels": ["NAME"]}]}]`},
		"doccano":                {from: "doccano", want: amina, text: `{"id": 1, "text": "I am Amina", "label": [[5, 10, "NAME"]]}`},
		"doccano with labels":    {from: "doccano", want: amina, text: `{"id": 1, "text": "I am Amina", "labels": [[5, 10, "NAME"]]}`},
		"doccano with relations": {from: "doccano", want: amina, text: `{"id": 1, "text": "I am Amina", "entities": [{"id": 9, "label": "NAME", "start_offset": 5, "end_offset": 10}], "relations": []}`},
		"Prodigy":                {from: "prodigy", want: amina, text: `{"text": "I am Amina", "meta": {"id": 1}, "_input_hash": 5, "spans": [{"start": 5, "end": 10, "token_start": 2, "token_end": 2, "label": "NAME"}], "tokens": [{"text": "I", "start": 0, "end": 1, "id": 0}, {"text": "am", "start": 2, "end": 4, "id": 1}, {"text": "Amina", "start": 5, "end": 10, "id": 2}], "answer": "accept"}`},
		"Prodigy by token":       {from: "prodigy", want: amina, text: `{"text": "I am Amina", "meta": {"id": "1"}, "spans": [{"token_start": 1, "token_end": 1, "label": "NAME"}], "tokens": [{"start": 0, "end": 4}, {"start": 5, "end": 10}], "answer": "accept"}`},
		"Hugging Face":           {from: "huggingface", want: amina, text: `{"id": "1", "tokens": ["I", "am", "Amina"], "ner_tags": ["O", "O", "B-NAME"]}`},
		"Hugging Face by number": {from: "huggingface", o: Options{TagNames: []string{"O", "B-NAME", "I-NAME"}}, want: amina, text: `{"id": "1", "tokens": ["I", "am", "Amina"], "ner_tags": [0, 0, 1]}`},
		"CSV":                    {from: "csv", want: amina, text: "id,text,entities\n1,I am Amina,\"[{\"\"start\"\": 5, \"\"end\"\": 10, \"\"label\"\": \"\"NAME\"\"}]\"\n"},
		"CoNLL":                  {from: "conll", want: `{"text": "I am Amina", "entities": [{"start":5,"end":10,"label":"NAME"}]}`, text: "I O\nam O\nAmina B-NAME\n"},
		"CoNLL with tabs":        {from: "conll", want: `{"text": "in New York", "entities": [{"start":3,"end":11,"label":"LOCATION"}]}`, text: "in\tIN\tO\nNew York \tNNP\tB-LOCATION\r\n"},
		"Label Studio, old and new": {from: "labelstudio", want: amina, text: `[{"id": 1, "data": {"text": "I am Amina"}, "completions": [{"result": []}], "annotations": [
			{"result": [{"from_name": "l", "to_name": "t", "type": "labels", "value": {"start": 5, "end": 10, "labels": ["NAME"]}}]}]}]`},
		"renamed and dropped":     {from: "doccano", o: Options{Labels: map[string]string{"PER": "NAME", "ORG": ""}}, want: amina, text: `{"id": 1, "text": "I am Amina", "label": [[5, 10, "PER"], [0, 1, "ORG"]]}`},
		"the longest of several":  {from: "doccano", o: Options{Overlaps: KeepLongest}, want: amina, text: `{"id": 1, "text": "I am Amina", "label": [[5, 10, "NAME"], [5, 7, "AGE"], [5, 10, "NAME"]]}`},
		"UTF-16, found":           {from: "doccano", want: `{"text": "😀😀 Ali", "entities": [{"start":3,"end":6,"label":"NAME"}]}`, text: `{"text": "😀😀 Ali", "label": [[5, 8, "NAME"]]}`},
		"bytes, found":            {from: "doccano", want: `{"text": "Zoë is Ali", "entities": [{"start":7,"end":10,"label":"NAME"}]}`, text: `{"text": "Zoë is Ali", "label": [[8, 11, "NAME"]]}`},
		"graphemes, asked for":    {from: "doccano", o: Options{Unit: UnitGrapheme}, want: `{"text": "👩‍👧 Ali", "entities": [{"start":4,"end":7,"label":"NAME"}]}`, text: `{"text": "👩‍👧 Ali", "label": [[2, 5, "NAME"]]}`},
		"Label Studio and \\r\\n": {from: "labelstudio", want: `{"text": "a\r\nAli", "entities": [{"start":3,"end":6,"label":"NAME"}]}`, text: `[{"data": {"text": "a\r\nAli"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 3, "end": 6, "text": "Ali", "labels": ["NAME"]}}]}]}]`},
		"\\r\\n counted as one":   {from: "labelstudio", want: `{"text": "a\r\nAli", "entities": [{"start":3,"end":6,"label":"NAME"}]}`, text: `[{"data": {"text": "a\r\nAli"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 2, "end": 5, "text": "Ali", "labels": ["NAME"]}}]}]}]`, o: Options{Unit: UnitCodePointLF}},
	} {
		got, _, err := convert(t, test.from, "ner", test.text, test.o)
		if err != nil || strings.TrimSpace(got) != test.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, test.want)
		}
	}
}

func TestClasses(t *testing.T) {
	const custody = `{"uniqueid": "1", "narrative": "I am Amina", "category": "Custody", "priority": "2"}`
	for name, test := range map[string]struct {
		from, text string
		o          Options
	}{
		"Label Studio": {from: "labelstudio", text: `[{"id": 1, "data": {"text": "I am Amina"}, "annotations": [{"result": [
			{"from_name": "category", "type": "choices", "value": {"choices": ["Custody"]}}, {"from_name": "priority", "type": "choices", "value": {"choices": ["2"]}}]}]}]`},
		"JSON_MIN":              {from: "labelstudio", text: `[{"id": 1, "text": "I am Amina", "annotation_id": 5, "category": "Custody", "priority": "2"}]`},
		"doccano":               {from: "doccano", text: `{"id": 1, "text": "I am Amina", "label": ["Custody", "priority=2"]}`},
		"doccano, another head": {from: "doccano", o: Options{Head: "priority"}, text: `{"id": 1, "text": "I am Amina", "label": ["category=Custody", "2"]}`},
		"Prodigy":               {from: "prodigy", text: `{"text": "I am Amina", "meta": {"id": 1}, "accept": ["Custody", "priority=2"], "answer": "accept"}`},
		"CSV":                   {from: "csv", text: "uniqueid,text,category,priority\n1,I am Amina,Custody,2\n"},
	} {
		got, _, err := convert(t, test.from, "cases", test.text, test.o)
		if want := "[\n" + custody + "\n]\n"; err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
}

// What nobody chose is no; what nobody judged isn't.
func TestFlags(t *testing.T) {
	got, _, err := convert(t, "labelstudio", "qa", `[{"data": {"text": "Hello", "not_judged": {"hold": ["Thanks caller for holding"]}}, "annotations": [{"result": [
		{"from_name": "listening", "type": "choices", "value": {"choices": ["Caller not interrupted"]}}]}]}]`, Options{})
	want := `"labels": "{\"closing\":[0],\"hold\":[0,null],\"listening\":[1,0,0,0,0],\"opening\":[0],\"proactiveness\":[0,0,0],\"resolution\":[0,0,0,0,0]}"`
	if err != nil || !strings.Contains(got, want) {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

// Calls that nobody labelled, that were skipped or rejected, aren't calls without
// entities.
func TestNotNegatives(t *testing.T) {
	for name, test := range map[string]struct {
		from, text string
		want       map[string]int
	}{
		"Label Studio": {"labelstudio", `[{"data": {"text": "a"}, "annotations": []}, {"data": {"text": "b"}, "annotations": [{"was_cancelled": true, "result": []}]}, {"data": {"text": "c"}, "annotations": [{"result": []}]}]`, map[string]int{"not labelled": 1, "skipped": 1}},
		"Prodigy":      {"prodigy", `{"text": "a", "answer": "reject", "spans": []}` + "\n" + `{"text": "b", "answer": "ignore"}` + "\n" + `{"text": "c", "spans": [], "answer": "accept"}` + "\n" + `{"text": "d"}`, map[string]int{"rejected": 1, "skipped": 1, "not labelled": 1}},
		"doccano":      {"doccano", `{"text": "a"}` + "\n" + `{"text": "c", "label": []}`, map[string]int{"not labelled": 1}},
	} {
		got, summary, err := convert(t, test.from, "ner", test.text, Options{})
		if err != nil || got != `{"text": "c", "entities": []}`+"\n" || !reflect.DeepEqual(summary.LeftOut, test.want) {
			t.Errorf("%s: %s, %v, left out %v", name, got, err, summary.LeftOut)
		}
	}
	got, _, err := convert(t, "doccano", "labelstudio", `{"text": "a"}`+"\n"+`{"text": "c", "label": []}`, Options{KeepUnlabelled: true})
	if err != nil || !strings.Contains(got, `{"data": {"text": "a"}},`) || !strings.Contains(got, `"predictions"`) {
		t.Errorf("kept: %s, %v", got, err)
	}
}

// secret stands for a call's text; errors must not repeat it.
const secret = "kXqZv"

// Records that can't be used are listed with their place, without text.
func TestBadRecords(t *testing.T) {
	for name, test := range map[string]struct {
		from, text, want string
		o                Options
	}{
		"no JSON":               {"doccano", `{"text": "kXqZv"`, "record 1, line 1: not valid JSON", Options{}},
		"no text":               {"doccano", `{"label": [], "kXqZv": 5}`, "record 1, line 1: no field", Options{}},
		"empty text":            {"doccano", `{"text": " ", "label": []}`, "the text is empty", Options{}},
		"odd label":             {"doccano", `{"text": "kXqZv", "label": [[0, "kXqZv"]]}`, "item 1 of \"label\"", Options{}},
		"null in a span":        {"doccano", `{"text": "kXqZv", "label": [[null, 5, "NAME"]]}`, "item 1 of \"label\"", Options{}},
		"outside":               {"doccano", `{"text": "kXqZv", "label": [[0, 9, "NAME"]]}`, "entity 1: span [0, 9) isn't one of the text of 5 characters", Options{}},
		"empty span":            {"doccano", `{"text": "kXqZv", "label": [[2, 2, "NAME"]]}`, "doesn't end after its start", Options{}},
		"inside a character":    {"doccano", `{"text": "😀 kXqZv", "label": [[1, 5, "NAME"]]}`, "counted as utf16", Options{Unit: UnitUTF16}},
		"overlap":               {"doccano", `{"text": "kXqZv", "label": [[0, 3, "NAME"], [1, 5, "AGE"]]}`, "spans [0, 3) and [1, 5) overlap; --overlaps", Options{}},
		"unknown label":         {"doccano", `{"text": "kXqZv", "label": [[0, 5, "PERSON"]]}`, `task ner has no label "PERSON"; want one of`, Options{}},
		"tabs and blanks":       {"conll", "kXqZv\tNNP B-NAME\n", "line 1 has a tag with blanks", Options{}},
		"no tag after a tab":    {"conll", "kXqZv x\t\n", "line 1 has one column", Options{}},
		"id twice":              {"doccano", `{"id": 1, "text": "kXqZv", "label": []}` + "\n" + `{"id": 1, "text": "kXqZv", "label": []}`, "record 2, line 2: its id is the id of record 1, too", Options{}},
		"no head":               {"doccano", `{"text": "kXqZv", "label": ["Custody"]}`, "--head", Options{}},
		"another surface":       {"labelstudio", `[{"data": {"text": "kXqZv x"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 5, "text": "Amina", "labels": ["NAME"]}}]}]}]`, "has another text than the file says", Options{}},
		"HTML":                  {"labelstudio", `[{"data": {"text": "kXqZv x"}, "annotations": [{"result": [{"type": "hypertextlabels", "value": {"start": "/p[1]", "end": "/p[1]", "hypertextlabels": ["NAME"]}}]}]}]`, "aren't places in a text", Options{}},
		"two of one":            {"labelstudio", `[{"data": {"text": "kXqZv x"}, "annotations": [{"result": [{"from_name": "category", "type": "choices", "value": {"choices": ["a", "b"]}}]}]}]`, "2 labels of category", Options{}},
		"token_end excluded":    {"prodigy", `{"text": "kX qZv", "spans": [{"start": 0, "end": 2, "token_start": 0, "token_end": 1, "label": "NAME"}], "tokens": [{"start": 0, "end": 2}, {"start": 3, "end": 6}], "answer": "accept"}`, "the last included", Options{}},
		"odd answer":            {"prodigy", `{"text": "kXqZv", "answer": "kXqZv"}`, `field "answer" is none of`, Options{}},
		"tags without names":    {"huggingface", `{"tokens": ["kXqZv"], "ner_tags": [1]}`, "--tag-names", Options{}},
		"too few tags":          {"huggingface", `{"tokens": ["kXqZv", "x"], "ner_tags": ["O"]}`, "2 tokens, but 1 tags", Options{}},
		"tokens of another":     {"huggingface", `{"text": "x", "tokens": ["kXqZv"], "ner_tags": ["O"]}`, "token 1 isn't the next one", Options{}},
		"one column":            {"conll", "kXqZv\n", "line 1 has one column", Options{}},
		"tag without a label":   {"conll", "kXqZv B-\n", "a tag without a label", Options{}},
		"half a surrogate pair": {"doccano", `{"text": "kXqZv \ud83d", "label": []}`, "half a surrogate pair", Options{}},
		"span of another type":  {"ner", `{"text": "kXqZv", "entities": [{"start": "0", "end": 5, "label": "NAME"}]}`, "start", Options{}},
	} {
		var problems *datasets.BadRecords
		_, _, err := convert(t, test.from, "ner", test.text, test.o)
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v; want one with %q", name, err, test.want)
		}
	}
	got, summary, err := convert(t, "doccano", "ner", `{"text": 5}`+"\n"+`{"text": "a", "label": []}`, Options{SkipBad: true})
	if err != nil || summary.Bad.Total() != 1 || summary.Written != 1 || !strings.Contains(got, `"a"`) {
		t.Errorf("skipped: %s, %+v, %v", got, summary, err)
	}
}

// What the output can't hold is an error that says what, or is counted.
func TestLosses(t *testing.T) {
	for name, test := range map[string]struct{ from, to, text, want string }{
		"relations": {"doccano", "ner", `{"text": "a b", "entities": [], "relations": [{"from_id": 1, "to_id": 2}]}`, "relations (1)"},
		"comments":  {"doccano", "ner", `{"text": "a b", "label": [], "Comments": ["c"]}`, "comments (1)"},
		"classes":   {"labelstudio", "ner", `[{"data": {"text": "a"}, "annotations": [{"result": [{"from_name": "category", "type": "choices", "value": {"choices": ["Custody"]}}]}]}]`, "labels of category (1)"},
		"ratings":   {"labelstudio", "ner", `[{"data": {"text": "a"}, "annotations": [{"result": [{"from_name": "r", "type": "rating", "value": {"rating": 4}}]}]}]`, `results of type "rating" (1)`},
		"ids":       {"doccano", "conll", `{"id": 1, "text": "a", "label": []}`, "ids (1)"},
		"fields":    {"doccano", "conll", `{"county": "Siaya", "text": "a", "label": []}`, "other fields (1)"},
		"head":      {"labelstudio", "doccano", `[{"data": {"text": "a"}, "annotations": [{"result": [{"from_name": "mood", "type": "choices", "value": {"choices": ["calm"]}}]}]}]`, `labels of "mood", a head that no task has`},
		"spacing":   {"doccano", "conll", `{"text": "a.", "label": []}`, "spacing of the text (1)"},
		"blanks":    {"doccano", "huggingface", `{"text": "a b", "label": [[0, 2, "NAME"]]}`, "blanks at the ends of entities (1)"},
		"name":      {"doccano", "ner", `{"text": "a", "narrative": "b", "label": [], "uniqueid": "x", "id": "y"}`, ""},
		"clash":     {"ner", "labelstudio", `{"id": "1", "text": "a", "entities": [], "not_judged": "b"}`, "other fields called not_judged (1)"},
	} {
		var lost *LossError
		_, _, err := convert(t, test.from, test.to, test.text, Options{})
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.As(err, &lost) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v; want one with %q", name, err, test.want)
		}
		if _, summary, err := convert(t, test.from, test.to, test.text, Options{Lossy: true}); err != nil || len(summary.Lost) == 0 {
			t.Errorf("%s, lossy: %+v, %v", name, summary, err)
		}
	}
}

// Offsets that may count several units are refused, with the places of all spans in
// question.
func TestAmbiguousUnit(t *testing.T) {
	text := `{"text": "😀 ab kXqZv", "label": [[2, 4, "NAME"]]}` + "\n" + `{"text": "😀 a b c", "label": [[4, 5, "AGE"]]}`
	_, _, err := convert(t, "doccano", "ner", text, Options{Unit: UnitAuto})
	if err != nil { // the first record decides
		t.Fatal(err)
	}
	_, _, err = convert(t, "doccano", "ner", `{"text": "😀😀 a b kXqZv", "label": [[5, 6, "AGE"]]}`, Options{})
	var unit *UnitError
	if !errors.As(err, &unit) || !strings.Contains(err.Error(), "record 1, line 1, entity 1: [5, 6); as utf16 [3, 4); as codepoint [5, 6)") || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v", err)
	}
	_, _, err = convert(t, "labelstudio", "ner", `[{"data": {"text": "😀😀 a b kXqZv"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 5, "end": 6, "text": "c", "labels": ["AGE"]}}]}]}]`, Options{ShowText: true})
	if !errors.As(err, &unit) || !strings.Contains(err.Error(), `the file has "c"`) {
		t.Errorf("error %v", err)
	}
	_, _, err = convert(t, "doccano", "ner", `{"text": "😀😀 a b kXqZv", "label": [[5, 6, "AGE"]]}`, Options{ShowText: true})
	if !errors.As(err, &unit) || !strings.Contains(err.Error(), `as utf16 [3, 4) "a"; as codepoint [5, 6) "b"`) {
		t.Errorf("error %v", err)
	}
}

func TestCoNLL(t *testing.T) {
	for name, text := range map[string]string{
		"IOB2":  "-DOCSTART- -X- O\n\nI PRP O\nam VB O\nAmina NNP B-NAME\nOtieno NNP I-NAME\nKisumu NNP B-LOCATION\nBusia NNP B-LOCATION\n\nBye . O\n",
		"IOB1":  "-DOCSTART- -X- O\r\n\r\nI O\r\nam O\r\nAmina I-NAME\r\nOtieno I-NAME\r\nKisumu I-LOCATION\r\nBusia B-LOCATION\r\n\r\nBye O\r\n",
		"BILOU": "I\tO\nam\tO\nAmina\tB-NAME\nOtieno\tL-NAME\nKisumu\tU-LOCATION\nBusia\tU-LOCATION\n",
		"BIOES": "I\tO\nam\tO\nAmina\tB-NAME\nOtieno\tE-NAME\nKisumu\tS-LOCATION\nBusia\tS-LOCATION\n\n\n\nBye\tO\n",
	} {
		got, _, err := convert(t, "conll", "ner", text, Options{})
		want := `[{"start":5,"end":17,"label":"NAME"},{"start":18,"end":24,"label":"LOCATION"},{"start":25,"end":30,"label":"LOCATION"}]`
		if err != nil || !strings.Contains(got, want) || strings.Contains(text, "DOCSTART") != strings.Contains(got, `\nBye`) || strings.Contains(text, "DOCSTART") != (strings.Count(got, "\n") == 1 && strings.Contains(got, "Bye")) && name != "BILOU" {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
}

// Entities come back from columns in each scheme of tags, also adjacent ones.
func TestSchemes(t *testing.T) {
	text := []rune("Amina Otieno Kisumu Busia end Ali")
	spans := []Span{{Start: 0, End: 12, Label: "NAME"}, {Start: 13, End: 19, Label: "LOCATION"}, {Start: 20, End: 25, Label: "LOCATION"}, {Start: 30, End: 33, Label: "NAME"}}
	words := wordsOf(text, spans)
	for scheme, want := range map[TagScheme]string{
		IOB2:  "B-NAME I-NAME B-LOCATION B-LOCATION O B-NAME",
		IOB1:  "I-NAME I-NAME I-LOCATION B-LOCATION O I-NAME",
		BILOU: "B-NAME L-NAME U-LOCATION U-LOCATION O U-NAME",
	} {
		tags := tagsOf(words, spans, scheme)
		got, err := entitiesOf(words, tags)
		if strings.Join(tags, " ") != want || err != nil || !reflect.DeepEqual(got, spans) {
			t.Errorf("%s: tags %v, entities %v, %v", scheme, tags, got, err)
		}
	}
}

func TestBrat(t *testing.T) {
	read := func(ann string) ([]Document, error) {
		in, err := File(filetest.Folder(t, map[string]string{"c1.txt": "I am Amina\nOtieno kXqZv", "c1.ann": ann, "c2.txt": "x"}))
		if err != nil {
			t.Fatal(err)
		}
		var list []Document
		for d, err := range Read(t.Context(), in, mustFind(t, "brat"), Options{}) {
			if err != nil {
				return nil, err
			}
			list = append(list, d)
		}
		return list, nil
	}
	got, err := read("T1\tNAME 5 17\tAmina Otieno\nA1\tCertain T1\n")
	want := []Document{{ID: "c1", Text: "I am Amina\nOtieno kXqZv", Spans: []Span{{Start: 5, End: 17, Label: "NAME"}}}, {ID: "c2", Text: "x", State: Unlabelled}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v, %v", got, err)
	}
	for ann, want := range map[string]string{
		"T1\tNAME 5 10;11 17\tAmina Otieno\n": `c1.ann: record 1, line 1: annotation "T1" is discontinuous, "5 10;11 17"`,
		"\nT1 NAME 5 10\n":                    "c1.ann: record 1, line 2: want an id",
		"T1\tNAME five 10\tAmina\n":           "its offsets aren't two numbers",
		"kXqZv\n":                             "none of brat's annotations",
		"T1\tNAME 5 9\tAmina\n":               "has another text than the file says",
	} {
		if _, err := read(ann); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: error %v; want %q", ann, err, want)
		}
	}
}

// Own tasks are formats, and their heads known in all others.
func TestOwnTasks(t *testing.T) {
	mood, err := tasks.Custom{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "caller", Source: "mood.caller", Labels: []string{"calm", "upset"}}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	signs, err := tasks.Custom{Name: "signs", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "violence", Labels: []string{"weapon", "threat"}}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	own := []tasks.Task{mood, signs}
	text := `[{"id": 1, "data": {"text": "x", "mood": {"county": "Siaya"}}, "annotations": [{"result": [
		{"from_name": "mood.caller", "type": "choices", "value": {"choices": ["calm"]}}, {"from_name": "violence", "type": "choices", "value": {"choices": ["threat"]}}]}]}]`
	for name, want := range map[string]string{
		"mood":  `{"id": "1", "text": "x", "mood": {"caller":"calm","county":"Siaya"}}`,
		"signs": `{"id": "1", "text": "x", "mood": {"county":"Siaya"}, "violence": {"threat":1,"weapon":0}}`,
	} {
		to, err := Find(name, own)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		_, err = Convert(t.Context(), stream(t, text), mustFind(t, "labelstudio"), Output{W: &out}, to, Options{Tasks: own, Lossy: true})
		if err != nil || strings.TrimSpace(out.String()) != want {
			t.Errorf("%s: %s, %v; want %s", name, out.String(), err, want)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string
		o        Options
		want     string
	}{
		"unit":       {"doccano", "ner", Options{Unit: "utf8"}, `offset unit "utf8"`},
		"overlaps":   {"doccano", "ner", Options{Overlaps: "all"}, `overlaps "all"`},
		"tags":       {"doccano", "conll", Options{Tags: "io"}, `tag scheme "io"`},
		"unlabelled": {"doccano", "ner", Options{KeepUnlabelled: true}, "ner has no calls without labels"},
		"only read":  {"doccano", "docbin", Options{}, "docbin can't be written"},
		"folder":     {"doccano", "brat", Options{}, "brat is a folder"},
		"no label":   {"doccano", "ner", Options{Labels: map[string]string{"": "NAME"}}, "a label to rename has no name"},
		"no head":    {"doccano", "ner", Options{Head: "categry"}, `no head "categry"; did you mean category?; there are category`},
		"no folder":  {"brat", "ner", Options{}, "brat's files are a folder"},
	} {
		if _, _, err := convert(t, test.from, test.to, `{"text": "a", "label": []}`, test.o); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v; want %q", name, err, test.want)
		}
	}
	if _, err := Find("labelstudo", nil); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "labelstudio?") {
		t.Errorf("error %v", err)
	}
}

package datasets

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// own completes a user's task.
func own(t testing.TB, o tasks.Custom) tasks.Task {
	t.Helper()
	task, err := o.Task()
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// mood is a user's task of classes, at two depths.
func mood(t testing.TB, caller ...string) tasks.Task {
	return own(t, tasks.Custom{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{
		{Name: "caller", Labels: caller}, {Name: "gender", Source: "reporter.gender"},
	}})
}

// topics is a user's task of yes/no labels.
func topics(t testing.TB, labels ...string) tasks.Task {
	return own(t, tasks.Custom{Name: "topics", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "topics", Labels: labels}}})
}

// places is a user's task of spans.
func places(t testing.TB, labels ...string) tasks.Task {
	return own(t, tasks.Custom{Name: "places", Kind: tasks.Token, Entities: "spans", Labels: labels})
}

func mustEncode(t testing.TB, r Records, limits Limits) Set {
	t.Helper()
	set, err := r.Encode(t.Context(), testTokenizer(t), limits)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// classesOf lists the classes of the set's first task.
func classesOf(set Set) [][]int64 {
	var list [][]int64
	for _, ex := range set.Examples {
		list = append(list, ex.Labels[0].Classes)
	}
	return list
}

func TestSpellingsOfFlags(t *testing.T) {
	const ignored = tasks.IgnoreClass
	given := []string{"a", "b", "c"}
	for raw, want := range map[string][]float32{
		`[0, 1, 1]`: {0, 1, 1}, `[false, true, 1.0]`: {0, 1, 1}, `[]`: {0, 0, 0}, `{}`: {0, 0, 0},
		`["b"]`: {0, 1, 0}, `["c", "a", "a"]`: {1, 0, 1},
		`{"b": 1}`: {0, 1, 0}, `{"a": true, "b": false, "c": 0}`: {1, 0, 0},
		`["1", "0", "1"]`: {1, 0, 1}, `["Yes", "no", "ndiyo"]`: {1, 0, 1}, `["TRUE", 0, false]`: {1, 0, 0}, `[1, "0", "1.0"]`: {1, 0, 1},
		`{"b": "Yes", "c": "0"}`: {0, 1, 0}, `"[0, 1, 1]"`: {0, 1, 1}, `"[\"b\"]"`: {0, 1, 0}, `"{\"b\": 1}"`: {0, 1, 0},
		`null`: {ignored, ignored, ignored},
	} {
		set := mustEncode(t, mustLoad(t, `{"text": "x", "topics": `+raw+"}\n"+`{"text": "x", "topics": ["a"]}`, topics(t, given...)), Limits{MaxLength: 10})
		if got := set.Examples[0].Labels[0].Flags; !reflect.DeepEqual(got, [][]float32{want}) {
			t.Errorf("%s: got %v, want %v", raw, got, want)
		}
	}
	for raw, want := range map[string]string{
		`[0, 1]`:         "2 values for 3 labels",
		`[0, 1, 1, 0]`:   "4 values for 3 labels",
		`[0, 1, 2]`:      "want a list of 0 and 1",
		`[0, 0.5, 1]`:    "want a list of 0 and 1",
		`[0, null, 1]`:   "want a list of 0 and 1",
		`[0, "b", 1]`:    "want a list of 0 and 1",
		`["a", 1]`:       "want a list of 0 and 1",
		`{"a": 2}`:       "want a list of 0 and 1",
		`{"a": "Amina"}`: "want a list of 0 and 1",
		`{"a": null}`:    "want a list of 0 and 1",
		`"Amina"`:        "want a list of 0 and 1",
		`["1", "0"]`:     "2 values for 3 labels",
		`"null"`:         "want a list of 0 and 1",
		`1`:              "want a list of 0 and 1",
	} {
		_, err := load(t, `{"text": "Amina", "topics": `+raw+`}`, topics(t, given...))
		if err == nil || !strings.Contains(err.Error(), `line 1: field "topics": `+want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got error %v, want one that says %q", raw, err, want)
		}
	}
}

// Heads without labels have the sorted distinct ones of the records; to know
// them by their positions alone isn't possible.
func TestLabelsFromData(t *testing.T) {
	r := mustLoad(t, `{"text": "x", "topics": ["b", "C"]}
		{"text": "x", "topics": {"a": 0, "b": 1}}
		{"text": "x", "topics": []}
		{"text": "x"}`, topics(t))
	if got, want := r.Tasks[0].Heads[0].Labels, []string{"C", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("got labels %v, want %v", got, want)
	}
	var got [][]float32
	for _, ex := range mustEncode(t, r, Limits{MaxLength: 10}).Examples {
		got = append(got, ex.Labels[0].Flags...)
	}
	if want := [][]float32{{1, 0, 1}, {0, 0, 1}, {0, 0, 0}, {-1, -1, -1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, flags := range []string{`[1, 0]`, `["1", "0"]`, `["yes", "no"]`} {
		if _, err := load(t, `{"text": "x", "topics": `+flags+`}`, topics(t)); err == nil || !strings.Contains(err.Error(), "2 values for 0 labels; give head topics its labels in the configuration") {
			t.Errorf("%s: got error %v", flags, err)
		}
	}
	if set := mustEncode(t, mustLoad(t, `{"text": "x", "topics": ["1", "0"]}`, topics(t, "0", "1", "2")), Limits{MaxLength: 10}); !reflect.DeepEqual(set.Examples[0].Labels[0].Flags, [][]float32{{1, 1, 0}}) {
		t.Errorf("labels that are numbers: got %v", set.Examples[0].Labels[0].Flags)
	}

	r = mustLoad(t, `{"text": "x", "caller": "calm", "reporter": {"gender": "male"}}
		{"text": "x", "caller": 7, "reporter": {"gender": null}}
		{"text": "x", "caller": "angry", "reporter": {"gender": "female"}}
		{"text": "x", "caller": "calm"}`, mood(t))
	for h, want := range [][]string{{"7", "angry", "calm"}, {"female", "male"}} {
		if got := r.Tasks[0].Heads[h].Labels; !slices.Equal(got, want) {
			t.Errorf("got labels %v, want %v", got, want)
		}
	}
	if got, want := classesOf(mustEncode(t, r, Limits{MaxLength: 10})), [][]int64{{2, 1}, {0, -1}, {1, 0}, {2, -1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got classes %v, want %v", got, want)
	}

	r = mustLoad(t, `{"text": "Kisumu", "spans": [{"start": 0, "end": 6, "label": "TOWN"}]}
		{"text": "of A B", "spans": [{"start": 3, "end": 4, "label": "AREA"}, {"start": 5, "end": 6, "label": "O"}]}`, places(t))
	if got, want := r.Tasks[0].Heads[0].Labels, []string{"O", "AREA", "TOWN"}; !slices.Equal(got, want) {
		t.Errorf("got labels %v, want %v", got, want)
	}
	if got, want := classesOf(mustEncode(t, r, Limits{MaxLength: 10})), [][]int64{{-100, 2, -100}, {-100, 0, 1, 0, -100}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got classes %v, want %v", got, want)
	}
}

func TestGivenLabelsKeepTheirOrder(t *testing.T) {
	list := []tasks.Task{mood(t, "sad", "calm", "angry")}
	r := mustLoad(t, `[{"text": "x", "caller": "angry", "reporter": {"gender": "male"}}, {"text": "x", "caller": "sad"}]`, list...)
	if got, want := r.Tasks[0].Heads[0].Labels, []string{"sad", "calm", "angry"}; !slices.Equal(got, want) {
		t.Errorf("got labels %v, want %v", got, want)
	}
	if list[0].Heads[1].Labels != nil {
		t.Errorf("the prototype's own task was changed: %v", list[0].Heads[1].Labels)
	}
	if got, want := classesOf(mustEncode(t, r, Limits{MaxLength: 10})), [][]int64{{2, 0}, {0, -1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got classes %v, want %v", got, want)
	}
}

func TestNoLabelAnywhere(t *testing.T) {
	for name, c := range map[string]struct {
		task    tasks.Task
		content string
		want    string
	}{
		"classes": {mood(t, "calm"), `{"text": "Amina", "caller": "calm", "reporter": {"gender": ""}}`, "task mood: head gender, field reporter.gender: no record has a label"},
		"given":   {mood(t, "calm"), `{"text": "Amina", "caller": "", "reporter": {"gender": "male"}}`, "task mood: head caller, field caller: no record has a label"},
		"flags":   {topics(t), `{"text": "Amina", "topics": []}`, "task topics: head topics, field topics: no record has a label"},
		"spans":   {places(t), `{"text": "Amina", "spans": []}`, "task places: head places, field spans: no record has a label"},
	} {
		path := write(t, "some.json", c.content)
		_, err := Load(t.Context(), Source{Path: path, Tasks: []tasks.Task{c.task}})
		if err == nil || !strings.Contains(err.Error(), path+": "+c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got error %v, want one that says %q and the file", name, err, c.want)
		}
	}
}

func TestUnknownLabels(t *testing.T) {
	calm, known := `{"text": "x", "caller": "calm", "reporter": {"gender": "male"}}`, `{"text": "x", "topics": ["a"]}`
	for name, c := range map[string]struct {
		task    tasks.Task
		content string
		want    string
	}{
		"class":           {mood(t, "calm"), calm + "\n" + `{"text": "Amina", "caller": "angry"}`, `record 2, line 2: task mood: unknown label "angry" of head caller; it has 1 others`},
		"number":          {mood(t, "calm"), `{"text": "Amina", "caller": 5, "reporter": {"gender": "male"}}`, `unknown label "5"`},
		"name in a list":  {topics(t, "a", "b"), known + "\n" + `{"text": "Amina", "topics": ["a", "d"]}`, `record 2, line 2: task topics: head topics: unknown label "d"; want one of [a b]`},
		"name of a 0":     {topics(t, "a", "b"), `{"text": "Amina", "topics": {"d": 0}}`, `record 1, line 1: task topics: head topics: unknown label "d"`},
		"numbers":         {topics(t, "a", "b"), `{"text": "Amina", "topics": ["1", "2"]}`, `head topics: unknown label "1"; want one of [a b]`},
		"entity":          {places(t, "TOWN"), known + "\n" + `{"text": "Amina", "spans": [{"start": 0, "end": 5, "label": "PERSON"}]}`, `record 2, line 2: task places: unknown entity label "PERSON"; want one of [TOWN]`},
		"source's entity": {tasks.NER(tasks.NERLabels()), `{"text": "Amina", "entities": [{"start": 0, "end": 5, "label": "PERSON"}]}`, `unknown entity label "PERSON"; want one of [NAME LOCATION`},
		"empty entity":    {tasks.NER(tasks.NERLabels()), `{"text": "Amina", "entities": [{"start": 0, "end": 5}]}`, `entity 1 has no label; it has "end", "start"`},
		"empty, own":      {places(t), `{"text": "Amina", "spans": [{"start": 0, "end": 5}]}`, `entity 1 has no label; it has "end", "start"`},
		"wordy":           {mood(t, "calm"), calm + "\n" + `{"text": "x", "caller": "it is Amina who calls me again"}`, `unknown label of 30 characters of head`},
		"long":            {mood(t, "calm"), calm + "\n" + `{"text": "Amina", "caller": "` + strings.Repeat("y", 50) + `"}`, `unknown label of 50 characters of head`},
	} {
		_, err := load(t, c.content, c.task)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "data.json") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got error %v, want one that says %q and the file", name, err, c.want)
		}
	}
}

// A field that holds texts isn't one of labels: they would become the model's.
func TestTextsAreNoLabels(t *testing.T) {
	content := `{"text": "x", "caller": "` + strings.Repeat("Amina ", 40) + `"}`
	_, err := Load(t.Context(), Source{Path: write(t, "data.json", content), Tasks: []tasks.Task{mood(t)}})
	if err == nil || !strings.Contains(err.Error(), "field caller: a label of 240 characters") || strings.Contains(err.Error(), secret) {
		t.Errorf("got error %v, want one with the length alone", err)
	}
}

// What the configuration calls a label is one.
func TestLongLabelsThatAreGiven(t *testing.T) {
	long := strings.Repeat("very ", 50) + "calm"
	r := mustLoad(t, `{"text": "x", "caller": "`+long+`", "reporter": {"gender": "male"}}`, mood(t, long))
	if got := classesOf(mustEncode(t, r, Limits{MaxLength: 10})); !reflect.DeepEqual(got, [][]int64{{0, 0}}) {
		t.Errorf("got %v", got)
	}
}

// Short texts aren't labels either.
func TestManyLabelsAreTexts(t *testing.T) {
	for records, want := range map[int]string{100: "", 101: "task mood: head caller, field caller: 101 different labels in 101 records: does the field hold texts?"} {
		var content strings.Builder
		for i := range records {
			fmt.Fprintf(&content, `{"text": "x", "caller": "Amina %d", "reporter": {"gender": "male"}}`+"\n", i)
		}
		_, err := load(t, content.String(), mood(t))
		if err == nil && want != "" || err != nil && (want == "" || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%d: got error %v, want %q", records, err, want)
		}
	}
}

func TestKeepUnknownClasses(t *testing.T) {
	path := write(t, "test.json", `{"text": "x", "caller": "angry"}
		{"text": "x", "caller": "calm", "reporter": {"gender": "male"}}
		{"text": "x"}`)
	r, err := Load(t.Context(), Source{Path: path, Tasks: []tasks.Task{mood(t, "calm")}, KeepUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	got := classesOf(mustEncode(t, r, Limits{MaxLength: 10}))
	if want := [][]int64{{tasks.UnknownClass, -1}, {0, 0}, {-1, -1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRequiredFields(t *testing.T) {
	class, flags := mood(t, "calm"), topics(t, "a", "b")
	class.Heads[1].Required, flags.Heads[0].Required = true, true
	const whole = `{"text": "x", "caller": "calm", "reporter": {"gender": "male"}, "topics": ["a"]}` + "\n"
	for content, c := range map[string]struct {
		task tasks.Task
		want string // of the error, "" if there is none
	}{
		`{"text": "Amina", "reporter": {"gender": "male"}}`:                 {class, ""},
		`{"text": "Amina", "caller": "calm"}`:                               {class, "line 2: reporter.gender is empty"},
		`{"text": "Amina", "caller": "calm", "reporter": {"gender": ""}}`:   {class, "line 2: reporter.gender is empty"},
		`{"text": "Amina", "caller": "calm", "reporter": null}`:             {class, "line 2: reporter.gender is empty"},
		`{"text": "Amina", "caller": "calm", "reporter": "{\"a\": \"b\"}"}`: {class, "record 2, line 2: reporter.gender is empty"},
		`{"text": "Amina", "topics": []}`:                                   {flags, ""},
		`{"text": "Amina"}`:                                                 {flags, "line 2: topics is empty"},
		`{"text": "Amina", "topics": null}`:                                 {flags, "line 2: topics is empty"},
	} {
		switch _, err := load(t, whole+content, c.task); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", content, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret)):
			t.Errorf("%s: got error %v, want one that says %q", content, err, c.want)
		}
	}
}

// A record without labels teaches nothing; to the prototype's tasks it says that
// there is no entity and that no criterion is met.
func TestMissingLabels(t *testing.T) {
	lenient := places(t, "TOWN")
	lenient.Lenient = true
	const content = `{"text": "of Kisumu"}
		{"text": "of Kisumu", "spans": null}
		{"text": "of Kisumu", "spans": []}`
	for name, c := range map[string]struct {
		task tasks.Task
		want [][]int64
	}{
		"ignored": {places(t, "TOWN"), [][]int64{{-100, -100, -100, -100}, {-100, -100, -100, -100}, {-100, 0, 0, -100}}},
		"lenient": {lenient, [][]int64{{-100, 0, 0, -100}, {-100, 0, 0, -100}, {-100, 0, 0, -100}}},
	} {
		set := mustEncode(t, mustLoad(t, content, c.task), Limits{MaxLength: 10})
		if got := classesOf(set); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		if want := []Filter{{Before: 3, After: 3}}; !slices.Equal(set.Filters, want) {
			t.Errorf("%s: filters %+v, want %+v", name, set.Filters, want)
		}
	}
	flags := topics(t, "a", "b")
	strict := mustEncode(t, mustLoad(t, `{"text": "x"}`+"\n"+`{"text": "x", "topics": [1, 1]}`, flags), Limits{MaxLength: 10})
	flags.Lenient = true
	odd := mustEncode(t, mustLoad(t, `{"text": "x", "topics": ["no", 1, 1]}`, flags), Limits{MaxLength: 10})
	got := fmt.Sprint(strict.Examples[0].Labels[0].Flags, odd.Examples[0].Labels[0].Flags)
	if want := "[[-1 -1]] [[0 1]]"; got != want {
		t.Errorf("flags: got %s, want %s", got, want)
	}
}

func TestLabelsByMainCategory(t *testing.T) {
	task := own(t, tasks.Custom{Name: "area", Kind: tasks.MultiClass, Text: "call.notes", Heads: []tasks.Head{{Name: "area", Source: "call.category", Via: tasks.ViaMainCategory}}})
	r := mustLoad(t, `[{"call": {"notes": "x", "category": "Custody"}}, {"call": {"notes": "y"}}, {"call": {"notes": "z", "category": "legal issues"}}]`, task)
	if got, want := r.Tasks[0].Heads[0].Labels, []string{"Child Maintenance & Custody", "Unknown"}; !slices.Equal(got, want) {
		t.Errorf("got labels %v, want %v", got, want)
	}
	if got, want := classesOf(mustEncode(t, r, Limits{MaxLength: 10})), [][]int64{{0}, {-1}, {1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got classes %v, want %v", got, want)
	}
}

// Text that holds an object, as the prototype's QA labels are, for a user's task.
func TestFlagsInATextThatHoldsAnObject(t *testing.T) {
	task := own(t, tasks.Custom{Name: "call", Kind: tasks.MultiLabel, Heads: []tasks.Head{
		{Name: "opening", Source: "labels.opening", Labels: []string{"a", "b"}}, {Name: "closing", Source: "labels.closing"},
	}})
	r := mustLoad(t, `[{"text": "x", "labels": "{\"opening\": [1, 0], \"closing\": [\"thanks\"]}"}, {"text": "x", "labels": {"closing": {"bye": 1}}}]`, task)
	var got [][][]float32
	for _, ex := range mustEncode(t, r, Limits{MaxLength: 10}).Examples {
		got = append(got, ex.Labels[0].Flags)
	}
	if want := [][][]float32{{{1, 0}, {0, 1}}, {{-1, -1}, {1, 0}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

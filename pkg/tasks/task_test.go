package tasks

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestNERLabelsHaveTheSourcesIDs(t *testing.T) {
	want := strings.Fields("O NAME LOCATION VICTIM AGE GENDER INCIDENT_TYPE PERPETRATOR PHONE_NUMBER LANDMARK")
	if got := NERLabels(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestQAHeads(t *testing.T) {
	widths := map[string]int{"opening": 1, "listening": 5, "proactiveness": 3, "resolution": 5, "hold": 2, "closing": 1}
	task := QA()
	if len(task.Heads) != len(widths) {
		t.Fatalf("%d heads, want %d", len(task.Heads), len(widths))
	}
	outputs := 0
	for _, head := range task.Heads {
		if want := widths[head.Name]; len(head.Labels) != want {
			t.Errorf("%s: %d outputs, want %d", head.Name, len(head.Labels), want)
		}
		if want := "qa_heads." + head.Name; head.Param != want {
			t.Errorf("%s: parameters %q, want %q", head.Name, head.Param, want)
		}
		outputs += len(head.Labels)
	}
	if outputs != 17 {
		t.Errorf("%d outputs, want 17", outputs)
	}
}

// Weights of a checkpoint are found by these names.
func TestParameterNames(t *testing.T) {
	list := []Task{NER(NERLabels()), CLS(CaseLabels{}), QA()}
	var got []string
	for _, task := range list {
		for _, prefix := range []string{task.Transform, task.PoolParam} {
			if prefix != "" {
				got = append(got, prefix)
			}
		}
	}
	if want := []string{"ner_transform.0", "cls_attention.attention", "qa_attention.attention"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for field, param := range map[string]string{
		"main_category": "cls_main", "sub_category": "cls_sub", "intervention": "cls_intervention", "priority": "cls_priority",
	} {
		if !slices.ContainsFunc(list[1].Heads, func(h Head) bool { return h.Field == field && h.Param == param }) {
			t.Errorf("no head %s with parameters %s", field, param)
		}
	}
}

func TestFind(t *testing.T) {
	list := []Task{NER(nil), QA()}
	if task, err := Find(list, "qa"); err != nil || task.Name != "qa" {
		t.Errorf("got %q, %v", task.Name, err)
	}
	if _, err := Find(list, "cls"); err == nil || !strings.Contains(err.Error(), `"cls"`) || !strings.Contains(err.Error(), "[ner qa]") {
		t.Errorf("got error %v, want the task and those there are", err)
	}
}

// A model's files hold the tasks as JSON, and the labels elsewhere.
func TestTaskInJSON(t *testing.T) {
	token, err := Custom{Name: "places", Kind: Token, Transform: true, Entities: "marks.spans", Labels: []string{"TOWN"}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	pooled, err := Custom{Name: "mood", Kind: MultiClass, Pooling: CLSPooling, PreClassifier: true, Text: "call.notes", Heads: []Head{
		{Name: "area", Source: "category", Via: ViaMainCategory, Required: true}, {Name: "caller", Labels: []string{"calm"}},
	}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range []Task{
		token, pooled, NER(NERLabels()), CLS(CaseLabels{Main: []string{"a"}}), QA(), SingleNER(NERLabels()), SingleCLS(CaseLabels{}), SingleQA(),
	} {
		data, err := json.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		var got Task
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		for h := range got.Heads {
			if got.Heads[h].Labels != nil {
				t.Errorf("%s: the JSON has labels: %s", task.Name, data)
			}
			got.Heads[h].Labels = task.Heads[h].Labels
		}
		if !reflect.DeepEqual(got, task) {
			t.Errorf("got  %+v\nwant %+v", got, task)
		}
	}
	// The format of models on disk.
	data, err := json.Marshal(pooled)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"mood","kind":"multiclass","pooling":"cls","pre_param":"mood_pre","heads":[` +
		`{"name":"area","field":"area","param":"mood_heads.area","source":"category","via":"main_category","required":true},` +
		`{"name":"caller","field":"caller","param":"mood_heads.caller","source":"caller"}],"text":"call.notes"}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}

func TestSelect(t *testing.T) {
	list := []Task{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	for name, test := range map[string]struct {
		names, want []string
	}{"all": {nil, []string{"a", "b", "c"}}, "in the list's order": {[]string{"c", "a", "c"}, []string{"a", "c"}}, "none": {[]string{}, []string{}}} {
		got, err := Select(list, test.names)
		if err != nil || !slices.Equal(Names(got), test.want) {
			t.Errorf("%s: %v, %v", name, Names(got), err)
		}
	}
	if _, err := Select(list, []string{"a", "d"}); err == nil || !strings.Contains(err.Error(), `no task "d" in this model; it has [a b c]`) {
		t.Errorf("%v", err)
	}
}

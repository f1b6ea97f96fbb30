package tasks

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestOwnTasks(t *testing.T) {
	for name, c := range map[string]struct {
		own  Custom
		want Task
	}{
		"token": {
			Custom{Name: "places", Kind: Token},
			Task{Name: "places", Kind: Token, Text: "text", Heads: []Head{{Name: "places", Field: "places", Param: "places_classifier", Source: "entities"}}},
		},
		"token, all given": {
			Custom{Name: "places", Kind: Token, Transform: true, Text: "call.notes", Entities: "marks.spans", Labels: []string{"TOWN", "AREA"}},
			Task{Name: "places", Kind: Token, Transform: "places_transform.0", Text: "call.notes", Heads: []Head{
				{Name: "places", Field: "places", Param: "places_classifier", Source: "marks.spans", Labels: []string{"O", "TOWN", "AREA"}},
			}},
		},
		"multiclass": {
			Custom{Name: "mood", Kind: MultiClass, Heads: []Head{{Name: "caller"}}},
			Task{Name: "mood", Kind: MultiClass, Pooling: AttentionPooling, PoolParam: "mood_attention.attention", Text: "text", Heads: []Head{
				{Name: "caller", Field: "caller", Param: "mood_heads.caller", Source: "caller"},
			}},
		},
		"multiclass, all given": {
			Custom{Name: "mood_2", Kind: MultiClass, Pooling: CLSPooling, PreClassifier: true, Text: "narrative", Heads: []Head{
				{Name: "area", Source: "case.category", Via: ViaMainCategory}, {Name: "gender", Source: "reporter.gender", Labels: []string{"male", "female"}, Required: true},
			}},
			Task{Name: "mood_2", Kind: MultiClass, Pooling: CLSPooling, PreParam: "mood_2_pre", Text: "narrative", Heads: []Head{
				{Name: "area", Field: "area", Param: "mood_2_heads.area", Source: "case.category", Via: ViaMainCategory},
				{Name: "gender", Field: "gender", Param: "mood_2_heads.gender", Source: "reporter.gender", Labels: []string{"male", "female"}, Required: true},
			}},
		},
		"a head by the main category of another's": {
			Custom{Name: "mood", Kind: MultiClass, Heads: []Head{{Name: "area", Source: "category", Via: ViaMainCategory}, {Name: "category"}}},
			Task{Name: "mood", Kind: MultiClass, Pooling: AttentionPooling, PoolParam: "mood_attention.attention", Text: "text", Heads: []Head{
				{Name: "area", Field: "area", Param: "mood_heads.area", Source: "category", Via: ViaMainCategory, Follows: &Follows{Head: "category"}},
				{Name: "category", Field: "category", Param: "mood_heads.category", Source: "category"},
			}},
		},
		"a head that follows": {
			Custom{Name: "mood", Kind: MultiClass, Heads: []Head{{Name: "town"}, {Name: "county", Follows: &Follows{Head: "town"}}}},
			Task{Name: "mood", Kind: MultiClass, Pooling: AttentionPooling, PoolParam: "mood_attention.attention", Text: "text", Heads: []Head{
				{Name: "town", Field: "town", Param: "mood_heads.town", Source: "town"},
				{Name: "county", Field: "county", Param: "mood_heads.county", Source: "county", Follows: &Follows{Head: "town"}},
			}},
		},
		"multilabel": {
			Custom{Name: "topics", Kind: MultiLabel, Pooling: AttentionPooling, PreClassifier: true, Heads: []Head{{Name: "topics", Labels: []string{"O", "b"}}}},
			Task{Name: "topics", Kind: MultiLabel, Pooling: AttentionPooling, PoolParam: "topics_attention.attention", PreParam: "topics_pre", Text: "text", Heads: []Head{
				{Name: "topics", Field: "topics", Param: "topics_heads.topics", Source: "topics", Labels: []string{"O", "b"}},
			}},
		},
	} {
		if got, err := c.own.Task(); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got  %+v, %v\nwant %+v", name, got, err, c.want)
		}
	}
}

// The description stays as it was, so that it can be completed again.
func TestTaskLeavesTheDescriptionAlone(t *testing.T) {
	token := Custom{Name: "places", Kind: Token, Labels: make([]string, 1, 4)}
	token.Labels[0] = "TOWN"
	pooled := Custom{Name: "mood", Kind: MultiClass, Heads: []Head{{Name: "caller"}}}
	for range 2 {
		for _, o := range []Custom{token, pooled} {
			if _, err := o.Task(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.Equal(token.Labels, []string{"TOWN"}) || !reflect.DeepEqual(pooled.Heads, []Head{{Name: "caller"}}) {
		t.Errorf("got %v and %+v", token.Labels, pooled.Heads)
	}
}

func TestBadOwnTasks(t *testing.T) {
	heads := func(names ...string) (list []Head) {
		for _, name := range names {
			list = append(list, Head{Name: name})
		}
		return list
	}
	for name, c := range map[string]struct {
		own  Custom
		want string
	}{
		"no name":          {Custom{Kind: Token}, `task "": a name has small letters`},
		"capitals":         {Custom{Name: "Mood", Kind: Token}, `task "Mood": a name`},
		"a digit first":    {Custom{Name: "2nd", Kind: Token}, `task "2nd": a name`},
		"a dot":            {Custom{Name: "a.b", Kind: Token}, `task "a.b": a name`},
		"a dash":           {Custom{Name: "a-b", Kind: Token}, `task "a-b": a name`},
		"a path":           {Custom{Name: "../a", Kind: Token}, `task "../a": a name`},
		"a line after it":  {Custom{Name: "a\n", Kind: Token}, `task "a\n": a name`},
		"no kind":          {Custom{Name: "x"}, `task x: kind ""; want token, multiclass or multilabel`},
		"pretraining":      {Custom{Name: "x", Kind: MaskedLM}, `task x: kind "masked_lm"`},
		"another kind":     {Custom{Name: "x", Kind: "regression"}, `task x: kind "regression"`},
		"token pooling":    {Custom{Name: "x", Kind: Token, Pooling: CLSPooling}, "task x: a token task has no pooling"},
		"token pre":        {Custom{Name: "x", Kind: Token, PreClassifier: true}, "a token task has no pooling, pre_classifier"},
		"token heads":      {Custom{Name: "x", Kind: Token, Heads: heads("a")}, "a token task has no pooling, pre_classifier or heads"},
		"token O":          {Custom{Name: "x", Kind: Token, Labels: []string{"A", "O"}}, `label "O" is what words outside`},
		"token twice":      {Custom{Name: "x", Kind: Token, Labels: []string{"A", "B", "A"}}, `task x: label "A" stands twice`},
		"token empty":      {Custom{Name: "x", Kind: Token, Labels: []string{"A", ""}}, "task x: a label is empty"},
		"pooling":          {Custom{Name: "x", Kind: MultiClass, Pooling: "mean", Heads: heads("a")}, `pooling "mean"; want attention, label_attention or cls`},
		"pooled transform": {Custom{Name: "x", Kind: MultiClass, Transform: true, Heads: heads("a")}, "a multiclass task has no transform"},
		"pooled entities":  {Custom{Name: "x", Kind: MultiLabel, Entities: "spans", Heads: heads("a")}, "a multilabel task has no transform, entities"},
		"pooled labels":    {Custom{Name: "x", Kind: MultiLabel, Labels: []string{"A"}, Heads: heads("a")}, "labels belong to its heads"},
		"no heads":         {Custom{Name: "x", Kind: MultiLabel}, "task x: no heads"},
		"head name":        {Custom{Name: "x", Kind: MultiClass, Heads: heads("a", "B c")}, `task x: head "B c": a name`},
		"head without":     {Custom{Name: "x", Kind: MultiClass, Heads: []Head{{Source: "a"}}}, `head "": a name`},
		"head twice":       {Custom{Name: "x", Kind: MultiClass, Heads: heads("a", "b", "a")}, "two heads are called a"},
		"head's labels":    {Custom{Name: "x", Kind: MultiClass, Heads: []Head{{Name: "a", Labels: []string{"y", "n", "y"}}}}, `task x: head a: label "y" stands twice`},
		"head's empty one": {Custom{Name: "x", Kind: MultiLabel, Heads: []Head{{Name: "a", Labels: []string{""}}}}, `task x: head a: a label is empty`},
		"via":              {Custom{Name: "x", Kind: MultiClass, Heads: []Head{{Name: "a", Via: "county"}}}, `head a: via "county"; want main_category, in a multiclass task`},
		"follows none":     {Custom{Name: "x", Kind: MultiClass, Heads: []Head{{Name: "a", Follows: &Follows{Head: "b"}}}}, "task x: head a follows b: task x has no such head"},
		"follows itself":   {Custom{Name: "x", Kind: MultiClass, Heads: []Head{{Name: "a", Follows: &Follows{Head: "a"}}}}, "task x: head a follows a: that is a circle"},
		"flags that follow": {
			Custom{Name: "x", Kind: MultiLabel, Heads: []Head{{Name: "a"}, {Name: "b", Follows: &Follows{Head: "a"}}}}, "head b follows a: only heads of a multiclass task can",
		},
		"via of flags": {Custom{Name: "x", Kind: MultiLabel, Heads: []Head{{Name: "a", Via: ViaMainCategory}}}, `head a: via "main_category"; want main_category, in a multiclass task`},
	} {
		got, err := c.own.Task()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v; want an error that says %q", name, got, err, c.want)
		}
	}
}

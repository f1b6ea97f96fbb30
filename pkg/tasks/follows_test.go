package tasks

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/numbers"
)

// following is a task of heads of so many labels each; head h follows head
// leaders[h] with the ids, if it is not negative.
func following(sizes, leaders []int, ids [][]int) Task {
	task := Task{Name: "t", Kind: MultiClass}
	name := func(h int) string { return string(rune('a' + h)) }
	for h, size := range sizes {
		head := Head{Name: name(h), Labels: make([]string, size)}
		if leaders[h] >= 0 {
			head.Follows = &Follows{Head: name(leaders[h]), IDs: ids[h]}
		}
		task.Heads = append(task.Heads, head)
	}
	return task
}

// logs are logits whose softmax is the probabilities.
func logs(probabilities ...float64) []float32 {
	list := make([]float32, len(probabilities))
	for i, p := range probabilities {
		list[i] = float32(math.Log(p))
	}
	return list
}

func TestAnswer(t *testing.T) {
	// Head a (two mains) follows head b (three subs): 0 and 1 are of main 0, 2 of main 1.
	pair := following([]int{2, 3}, []int{1, -1}, [][]int{{0, 0, 1}, nil})
	for name, c := range map[string]struct {
		task   Task
		logits [][]float32
		want   []int
	}{
		"both agree":             {pair, [][]float32{logs(0.9, 0.1), logs(0.2, 0.7, 0.1)}, []int{0, 1}},
		"the sub-category wins":  {pair, [][]float32{logs(0.6, 0.4), logs(0.1, 0.1, 0.8)}, []int{1, 2}},
		"the main category wins": {pair, [][]float32{logs(0.9, 0.1), logs(0.1, 0.4, 0.5)}, []int{0, 1}},
		"logits of any size":     {pair, [][]float32{{1000, -1000}, {500, 400, 600}}, []int{0, 0}},
		"all the same":           {pair, [][]float32{{0, 0}, {0, 0, 0}}, []int{0, 0}},
		"the same of two pairs":  {pair, [][]float32{logs(0.75, 0.25), logs(0, 0.25, 0.75)}, []int{0, 1}},
		"no sub of a main":       {following([]int{3, 2}, []int{1, -1}, [][]int{{0, 1}, nil}), [][]float32{logs(0.01, 0.09, 0.9), logs(0.6, 0.4)}, []int{1, 1}},
		"a sub without a main": {
			following([]int{3, 2}, []int{1, -1}, [][]int{{0, AnyLabel}, nil}), [][]float32{logs(0.1, 0.2, 0.7), logs(0.4, 0.6)}, []int{2, 1},
		},
		"nothing is known":   {following([]int{2, 3}, []int{1, -1}, [][]int{nil, nil}), [][]float32{logs(0.6, 0.4), logs(0.1, 0.1, 0.8)}, []int{0, 2}},
		"nobody follows":     {following([]int{2, 3}, []int{-1, -1}, nil), [][]float32{logs(0.6, 0.4), logs(0.1, 0.1, 0.8)}, []int{0, 2}},
		"beside other heads": {following([]int{2, 2, 3}, []int{2, -1, -1}, [][]int{{0, 0, 1}, nil, nil}), [][]float32{logs(0.6, 0.4), logs(0.2, 0.8), logs(0.1, 0.1, 0.8)}, []int{1, 1, 2}},
		"two follow one": {
			following([]int{2, 2, 2}, []int{2, 2, -1}, [][]int{{0, 1}, {1, 0}, nil}), [][]float32{logs(0.7, 0.3), logs(0.2, 0.8), logs(0.3, 0.7)}, []int{0, 1, 0},
		},
		"a chain": { // c decides b, b decides a
			following([]int{2, 2, 4}, []int{1, 2, -1}, [][]int{{1, 0}, {0, 0, 1, 1}, nil}),
			[][]float32{logs(0.99, 0.01), logs(0.6, 0.4), logs(0.4, 0.3, 0.2, 0.1)}, []int{0, 1, 2},
		},
		"a chain with a gap": { // c's label 1 says nothing of b, which decides a all the same
			following([]int{2, 2, 2}, []int{1, 2, -1}, [][]int{{1, 0}, {0, AnyLabel}, nil}),
			[][]float32{logs(0.9, 0.1), logs(0.5, 0.5), logs(0.4, 0.6)}, []int{0, 1, 1},
		},
	} {
		got := c.task.Answer(c.logits)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		if !c.task.Consistent(got) {
			t.Errorf("%s: %v contradicts itself", name, got)
		}
	}
}

// No other answer that is consistent is likelier, whichever way heads follow one another.
func TestAnswerIsTheBestConsistentOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	changed := 0
	for range 2000 {
		n := 2 + rng.IntN(3)
		sizes, leaders, ids := make([]int, n), make([]int, n), make([][]int, n)
		for h := range n {
			sizes[h] = 1 + rng.IntN(4)
		}
		order := rng.Perm(n) // leaders come earlier in it
		for i, h := range order {
			leaders[h] = -1
			if i == 0 || rng.IntN(4) == 0 {
				continue
			}
			leaders[h] = order[rng.IntN(i)]
			for range sizes[leaders[h]] {
				ids[h] = append(ids[h], rng.IntN(sizes[h]+1)-1)
			}
		}
		task := following(sizes, leaders, ids)
		if err := task.CheckFollows(); err != nil {
			t.Fatal(err)
		}
		logits, alone := make([][]float32, n), make([]int, n)
		for h, size := range sizes {
			for range size {
				logits[h] = append(logits[h], float32(3*rng.NormFloat64()))
			}
			alone[h] = numbers.Argmax(logits[h])
		}
		got := task.Answer(logits)
		if !task.Consistent(got) {
			t.Fatalf("%+v: %v contradicts itself", task, got)
		}
		if !slices.Equal(Independent([]Task{task})[0].Answer(logits), alone) {
			t.Fatal("independent heads don't say their likeliest labels")
		}
		if !slices.Equal(got, alone) {
			changed++
		}
		score := func(answer []int) (sum float64) {
			for h, class := range answer {
				sum += logSoftmax(logits[h])[class]
			}
			return sum
		}
		other := make([]int, n)
		for done := false; !done; {
			if task.Consistent(other) && score(other) > score(got)+1e-9 {
				t.Fatalf("%+v: %v is likelier than %v", task, other, got)
			}
			done = true
			for h := range other {
				if other[h]++; other[h] < sizes[h] {
					done = false
					break
				}
				other[h] = 0
			}
		}
	}
	if changed < 500 {
		t.Errorf("only %d of 2000 answers differ from independent ones", changed)
	}
}

func TestCheckFollows(t *testing.T) {
	token := Task{Name: "t", Kind: Token, Heads: []Head{{Name: "a", Follows: &Follows{Head: "a"}}}}
	for name, c := range map[string]struct {
		task Task
		want string
	}{
		"none":            {following([]int{2, 3}, []int{-1, -1}, nil), ""},
		"not known yet":   {following([]int{2, 3}, []int{1, -1}, [][]int{nil, nil}), ""},
		"known":           {following([]int{2, 3}, []int{1, -1}, [][]int{{0, 1, AnyLabel}, nil}), ""},
		"chain":           {following([]int{2, 2, 2}, []int{1, 2, -1}, [][]int{{0, 1}, {1, 0}, nil}), ""},
		"itself":          {following([]int{2}, []int{0}, [][]int{nil}), "head a follows a: that is a circle"},
		"each other":      {following([]int{2, 2}, []int{1, 0}, [][]int{nil, nil}), "head a follows b: that is a circle"},
		"circle of three": {following([]int{2, 2, 2}, []int{1, 2, 0}, [][]int{nil, nil, nil}), "head a follows b: that is a circle"},
		"into a circle":   {following([]int{2, 2, 2}, []int{1, 2, 1}, [][]int{nil, nil, nil}), "head a follows b: that is a circle"},
		"nobody":          {following([]int{2}, []int{7}, [][]int{nil}), "head a follows h: task t has no such head"},
		"too few ids":     {following([]int{2, 3}, []int{1, -1}, [][]int{{0, 1}, nil}), "head a follows b: 2 ids for the 3 labels of b"},
		"no ids":          {following([]int{2, 3}, []int{1, -1}, [][]int{{}, nil}), "head a follows b: 0 ids for the 3 labels of b"},
		"id too high":     {following([]int{2, 3}, []int{1, -1}, [][]int{{0, 1, 2}, nil}), "head a follows b: id 2 isn't one of -1 to 1"},
		"id too low":      {following([]int{2, 3}, []int{1, -1}, [][]int{{0, 1, -2}, nil}), "head a follows b: id -2 isn't one of -1 to 1"},
		"another kind":    {token, "head a follows a: only heads of a multiclass task can"},
	} {
		got := ""
		if err := c.task.CheckFollows(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: error %q, want %q", name, got, c.want)
		}
	}
}

// What follows what is part of a model's description, by ids: labels may get
// other names.
func TestFollowsInJSON(t *testing.T) {
	task := following([]int{2, 3}, []int{1, -1}, [][]int{{0, 1, AnyLabel}, nil})
	data, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"follows":{"head":"b","ids":[0,1,-1]}`; strings.Count(string(data), "follows") != 1 || !strings.Contains(string(data), want) {
		t.Errorf("%s has no %s", data, want)
	}
	var got Task
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got.Heads[0].Follows, task.Heads[0].Follows) || got.Heads[1].Follows != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestIndependentLeavesTheTasksAlone(t *testing.T) {
	list := []Task{following([]int{2, 3}, []int{1, -1}, [][]int{{0, 1, 1}, nil})}
	if Independent(list)[0].Paired() || !list[0].Paired() {
		t.Errorf("got %+v of %+v", Independent(list), list)
	}
}

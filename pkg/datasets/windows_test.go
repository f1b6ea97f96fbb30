package datasets

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestWindowsAreChecked(t *testing.T) {
	for _, test := range []struct {
		windows Windows
		want    string
	}{
		{Windows{}, ""},
		{Windows{Length: 3}, ""},
		{Windows{Length: 512, Overlap: 509, MaxTokens: 512}, ""},
		{Windows{Length: 2}, "windows of 2 tokens: want 3 or more"},
		{Windows{Overlap: 1}, "windows of 0 tokens"},
		{Windows{Length: 10, Overlap: 8}, "windows of 10 tokens that share 8: want 0 to 7"},
		{Windows{Length: 10, Overlap: -1}, "want 0 to 7"},
		{Windows{Length: 10, MaxTokens: 9}, "calls of at most 9 tokens, in windows of 10"},
		{Windows{Length: 10, MaxTokens: -1}, "calls of at most -1 tokens"},
		{Windows{Length: 10, TurnTokens: []int32{5, 0}}, ""},
		{Windows{Length: 10, TurnTokens: []int32{5, -3}}, "token -3: want ids"},
		{Windows{TurnTokens: []int32{5}}, "windows of 0 tokens"},
	} {
		err := test.windows.Check()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.windows, err, test.want)
		}
	}
}

// With windows no record is dropped or ignored, and each token has its label, up to their
// limit.
func TestEncodeWholeRecords(t *testing.T) {
	entity := Entity{Start: 20, End: 24, Label: "NAME"} // the 5th word
	r := mustLoad(t, lines(t, NERRecord{Text: words(4)}, NERRecord{Text: words(9), Entities: []Entity{entity}}, NERRecord{Text: words(20), Entities: []Entity{entity, {70, 74, "NAME"}}}),
		tasks.NER(tasks.NERLabels()))
	limits := Limits{MaxLength: 8, Truncate: true, Windows: Windows{Length: 8, Overlap: 2, MaxTokens: 12}}
	set := mustEncode(t, r, limits)
	if want := (Filter{Before: 3, After: 3, Windowed: 2, Truncated: 1}); set.Filters[0] != want || set.Filters[0].Removed() != 0 || !reflect.DeepEqual(set.Windows, limits.Windows) {
		t.Errorf("filter %+v, want %+v; windows %+v", set.Filters[0], want, set.Windows)
	}
	var lengths []int
	for _, ex := range set.Examples {
		lengths = append(lengths, len(ex.IDs))
		if classes := ex.Labels[0].Classes; len(classes) != len(ex.IDs) || classes[1] != 0 || classes[len(classes)-2] == tasks.IgnoreToken {
			t.Errorf("record %d: classes %v", ex.Record, classes)
		}
	}
	if !slices.Equal(lengths, []int{6, 11, 12}) || set.Examples[1].Labels[0].Classes[5] != 1 || set.Examples[2].Labels[0].Classes[5] != 1 {
		t.Errorf("%v tokens, labels %v and %v", lengths, set.Examples[1].Labels, set.Examples[2].Labels)
	}
	limits.Truncate = false
	set = mustEncode(t, r, limits)
	if set.Filters[0].Removed() != 1 || set.tooLong() != "longer than 12 tokens (tokenizer.max_tokens)" {
		t.Errorf("filter %+v; those removed are %s", set.Filters[0], set.tooLong())
	}
	limits.Windows.MaxTokens = 0
	if limits.Longest() != math.MaxInt {
		t.Errorf("at most %d tokens", limits.Longest())
	}
	if set = mustEncode(t, r, limits); set.Filters[0].Truncated != 0 || len(set.Examples[2].IDs) != 22 {
		t.Errorf("filter %+v", set.Filters[0])
	}
}

// If nothing is left, the error says what helps: other settings with windows than without.
func TestAllTooLongSaysWhatHelps(t *testing.T) {
	entities := []Entity{{Start: 0, End: 4, Label: "NAME"}}
	r := mustLoad(t, lines(t, NERRecord{Text: words(20), Entities: entities}, NERRecord{Text: words(30), Entities: entities}), tasks.NER(tasks.NERLabels()))
	for _, c := range []struct {
		limits Limits
		want   string
	}{
		{Limits{MaxLength: 8}, "all 2 records are longer than 8 tokens (tokenizer.max_length); read them in windows (tokenizer.long: windows), raise it as far"},
		{Limits{MaxLength: 8, Windows: Windows{Length: 8, MaxTokens: 12}}, "all 2 records are longer than 12 tokens (tokenizer.max_tokens); raise it, or cut such records there (tokenizer.truncation: true)"},
	} {
		set := mustEncode(t, r, c.limits)
		if err := set.allTooLong(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.limits, err, c.want)
		}
	}
}

// A batch is divided by the tokens that the encoder reads, those of padding and of all
// windows included.
func TestGroups(t *testing.T) {
	var examples []Example
	for _, n := range []int{4, 40, 8, 9, 3, 5} { // in windows 4, 68, 8, 14, 3 and 5
		examples = append(examples, Example{IDs: make([]int32, n)})
	}
	ref := Loader{Examples: examples, Windows: Windows{Length: 8, Overlap: 3}}.Ordered()[0]
	all := []int{0, 1, 2, 3, 4, 5}
	for limit, want := range map[int][][]int{
		0:    {all},
		1000: {all},
		28:   {{1}, {2, 3}, {0, 4, 5}},
		10:   {{1}, {3}, {2}, {0, 5}, {4}},
		1:    {{1}, {3}, {2}, {5}, {0}, {4}},
	} {
		if got := ref.Groups(all, limit); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("at most %d tokens: %v, want %v", limit, got, want)
		}
	}
	if got := ref.Groups(nil, 10); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("no places: %v", got)
	}
	if got := ref.Places(3); !slices.EqualFunc(got, [][]int{{1, 4}, {0, 3}, {2, 5}}, slices.Equal) {
		t.Errorf("three ranks have %v", got)
	}
	if b := ref.Part([]int{0, 5}); b.Size != 2 || b.Length != 5 {
		t.Errorf("a part of %d × %d tokens", b.Size, b.Length)
	}
}

// Windows at turns follow from a call's tokens; others only from their number.
func TestCutsOfTokens(t *testing.T) {
	ids := []int32{2, 9, 5, 5, 5, 9, 5, 5, 9, 5, 3}
	ends := func(w Windows) (list []int) {
		cuts := CutsOf(w, ids)
		for i := range cuts.Count() {
			_, end := cuts.Window(i)
			list = append(list, end)
		}
		return list
	}
	for _, test := range []struct {
		windows Windows
		want    []int
	}{
		{Windows{}, []int{10}},
		{Windows{Length: 8}, []int{7, 10}},
		{Windows{Length: 8, TurnTokens: []int32{9}}, []int{5, 10}},
		{Windows{Length: 8, TurnTokens: []int32{7}}, []int{7, 10}},
	} {
		if got := ends(test.windows); !slices.Equal(got, test.want) {
			t.Errorf("%+v: windows end at %v, want %v", test.windows, got, test.want)
		}
	}
}

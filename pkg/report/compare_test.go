package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

func TestCompare(t *testing.T) {
	opt := Options{Resamples: 100, Seed: 1}
	token, classes, flags := report(t, tokenCase(), opt), report(t, classCase(), opt), report(t, flagCase(), opt)
	better := tokenCase()
	better.Heads[0].Truth[1] = []int{1, 0, 0}
	c, err := Compare([]Model{
		{Name: "fusion", Parameters: 65883779, MillisPerCall: 12.34, Reports: []Report{token, classes, flags}},
		{Name: "ner|only", Parameters: 1000, Reports: []Report{report(t, better, Options{})}},
		{Name: "cases, less data", MillisPerCall: 4, Reports: []Report{report(t, many(classCase(), 200), opt)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := c.Markdown(&text); err != nil {
		t.Fatal(err)
	}
	filetest.Golden(t, "compare.md", text.Bytes())
	data, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	filetest.Golden(t, "compare.json", append(data, '\n'))
}

// TestOtherRecords has as many records of a task for both models, but not the same.
func TestOtherRecords(t *testing.T) {
	other := classCase()
	other.Records = []int{3, 5, 8, 13, 21, 35}
	for want, o := range map[int]Outputs{6: classCase(), 5: other} {
		c, err := Compare([]Model{{Name: "a", Reports: []Report{report(t, classCase(), Options{})}}, {Name: "b", Reports: []Report{report(t, o, Options{})}}})
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := c.Markdown(&text); err != nil {
			t.Fatal(err)
		}
		warned := strings.Contains(text.String(), "**Not the same records**: cases was scored on 6, of which the models share 5.")
		if got := c.Columns[0].Shared; got != want || warned != (want == 5) {
			t.Errorf("%d shared records, want %d; warned: %v", got, want, warned)
		}
	}
}

func TestCompareNothing(t *testing.T) {
	c, err := Compare(nil)
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := json.Marshal(c); string(data) != `{"columns":[],"models":[]}` {
		t.Errorf("got %s", data)
	}
}

func TestWhatCantBeCompared(t *testing.T) {
	r := report(t, classCase(), Options{})
	other := r
	other.Headline = []Figure{{Name: "avg_f1"}}
	for want, models := range map[string][]Model{
		"compare b: task cases is summed up by avg_f1, elsewhere by avg_acc": {{Name: "a", Reports: []Report{r}}, {Name: "b", Reports: []Report{other}}},
		"compare a: two reports on task cases":                               {{Name: "a", Reports: []Report{r, r}}},
		"compare a: the report on task cases has no headline":                {{Name: "a", Reports: []Report{{Task: "cases"}}}},
	} {
		if _, err := Compare(models); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
}

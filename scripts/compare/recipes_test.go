package main

import (
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	all := recipes(false)
	names := func(list []recipe) string {
		var names []string
		for _, r := range list {
			names = append(names, r.name)
		}
		return strings.Join(names, " ")
	}
	for asked, want := range map[string]string{
		"":                  "singles singles-attention plain weights-5-1-2 distilled distilled-attention",
		"encoders":          "quickstart minilm continued student",
		"minilm quickstart": "quickstart minilm",
		"plain encoders":    "plain quickstart minilm continued student",
	} {
		chosen, err := choose(all, strings.Fields(asked))
		if err != nil || names(chosen) != want {
			t.Errorf("%q: %s, %v; want %s", asked, names(chosen), err, want)
		}
	}
	if _, err := choose(all, []string{"nothing"}); err == nil || !strings.Contains(err.Error(), "compare, singles, ") {
		t.Errorf("an unknown recipe: %v", err)
	}
}

// TestRecipes checks that the configuration accepts all recipes, and that each $NAME is the
// encoder, the calls, an earlier stage or a teacher.
func TestRecipes(t *testing.T) {
	t.Chdir("../..")
	for _, pretrained := range []bool{false, true} {
		c := &compare{Encoder: ".minilm", all: recipes(pretrained)}
		for _, r := range c.all {
			if err := c.check([]recipe{r}); err != nil {
				t.Error(err)
			}
			known := map[string]string{"encoder": "ENCODER", "calls": "CALLS"}
			parts := []stage{}
			parts = append(parts, r.stages...)
			if r.teachers != nil {
				known["ner"], known["cls"], known["qa"] = "NER", "CLS", "QA"
			}
			for _, p := range r.models() {
				parts = append(parts, stage{settings: r.of(p)})
			}
			for _, s := range parts {
				for _, setting := range fill(s.settings, known) {
					if strings.HasSuffix(setting, "=") && setting != "data.stratify=" || strings.HasSuffix(setting, ".model=") {
						t.Errorf("%s, %s: %s has no value", r.name, s.name, setting)
					}
				}
				known[s.name] = "STAGE"
			}
			if want := (pretrained || r.group == encodersGroup) && r.name != "quickstart"; r.usesEncoder() != want {
				t.Errorf("pretrained: %v: %s uses the encoder: %v", pretrained, r.name, r.usesEncoder())
			}
		}
	}
}

// TestWith adds settings to a recipe and its teachers, and leaves the recipe as it was.
func TestWith(t *testing.T) {
	teachers := recipe{name: "t", settings: []string{"a=1"}, parts: []part{{name: "p", settings: []string{"task=ner"}}}}
	r := recipe{name: "r", settings: []string{"b=1"}, teachers: &teachers}
	with := r.with("c=1")
	if got := with.fingerprint(); !slices.Equal(got, []string{"task=ner", "a=1", "c=1", "b=1", "c=1"}) {
		t.Errorf("got %v", got)
	}
	if got := r.fingerprint(); !slices.Equal(got, []string{"task=ner", "a=1", "b=1"}) {
		t.Errorf("the recipe has changed: %v", got)
	}
}

func TestShortened(t *testing.T) {
	for _, test := range []struct {
		share    float64
		settings []string
		want     string
	}{
		{0, nil, ""},
		{4. / 7, nil, "training.num_epochs=4"},
		{4. / 7, []string{"training.num_epochs=2", "a=b"}, "training.num_epochs=2 a=b training.num_epochs=1"},
		{0.1, []string{"training.num_epochs=4"}, "training.num_epochs=4 training.num_epochs=1"},
	} {
		r := recipe{share: test.share, settings: test.settings}.shortened(7)
		if got := strings.Join(r.settings, " "); got != test.want {
			t.Errorf("%g of %v: %s, want %s", test.share, test.settings, got, test.want)
		}
	}
}

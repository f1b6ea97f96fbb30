package fusion

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/redact"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// byLabel is a task with an attention for each label.
func byLabel(t *testing.T, task tasks.Task) tasks.Task {
	t.Helper()
	task, err := task.Pooled(tasks.LabelAttentionPooling)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// TestLabelAttention: each label's weights are the softmax of its own scores, in the order
// of the words, and a task's weights are their mean.
func TestLabelAttention(t *testing.T) {
	p, m := newWindowPredictor(t, datasets.Windows{})
	for _, text := range predictorTexts {
		got := mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{Attention: true})[0]
		enc := p.tok.Encode(string(text)).Truncate(predictorLimit)
		if len(got.LabelAttention) != 2 {
			t.Fatalf("attentions of the labels of %d tasks, want topics and who", len(got.LabelAttention))
		}
		var rows [][]float32
		for _, name := range []string{"topics", "who"} {
			task, err := tasks.Find(m.Tasks, name)
			if err != nil {
				t.Fatal(err)
			}
			own := labelRows(Prediction{LabelAttention: Fields[Fields[LabelWeights]]{{name, got.LabelAttention.Get(name)}}})
			if want := sumOf(task.Attentions()); len(own) != want {
				t.Fatalf("%s: %d attentions, want %d", name, len(own), want)
			}
			for a, row := range own {
				want := make([]float64, len(enc.IDs))
				byWord(want, enc, lookedAt(t, m, task, a, enc), 1)
				if len(row) != len(got.Attention.Get(name)) {
					t.Fatalf("%s: %d weights for %d words", name, len(row), len(got.Attention.Get(name)))
				}
				for n, weight := range row {
					near(t, "weight of a word", weight, float32(want[n]))
				}
			}
			for n, word := range got.Attention.Get(name) {
				var mean float64
				for _, row := range own {
					mean += float64(row[n]) / float64(len(own))
				}
				near(t, "mean weight of a word", word.Weight, float32(mean))
			}
			rows = append(rows, own...)
		}
		if reflect.DeepEqual(rows[0], rows[1]) {
			t.Error("two labels have the same weights")
		}
	}
}

// TestLabelAttentionRedacted: in a redacted text, too, each label has a weight for each word
// of the attention, and a word that stands for several has the sum of theirs.
func TestLabelAttentionRedacted(t *testing.T) {
	list := []Field[LabelWeights]{
		{"yesno", LabelWeights{Labels: Fields[[]float32]{{"a", []float32{1, 2, 4, 8}}, {"b", []float32{16, 32, 64, 128}}}}},
		{"class", LabelWeights{Words: []float32{1, 1, 2, 3}}},
	}
	words := []WordWeight{{0, 2, 1}, {3, 8, 2}, {9, 15, 4}, {16, 20, 8}}
	p := Prediction{Attention: Fields[[]WordWeight]{{"topics", words}}, LabelAttention: Fields[Fields[LabelWeights]]{{"topics", list}}}
	redactor, err := redact.New(redact.Options{Mode: redact.Label})
	if err != nil {
		t.Fatal(err)
	}
	p.redact(redactor.Redact("Am Amina Hassan here", []redact.Span{{Label: "NAME", Start: 3, End: 15}}))
	if want := []WordWeight{{0, 2, 1}, {3, 11, 6}, {12, 16, 8}}; !slices.Equal(p.Attention.Get("topics"), want) {
		t.Errorf("attention %v, want %v", p.Attention.Get("topics"), want)
	}
	if got, want := labelRows(p), [][]float32{{1, 6, 8}, {16, 96, 128}, {1, 3, 3}}; !reflect.DeepEqual(got, want) {
		t.Errorf("attention of the labels %v, want %v", got, want)
	}
}

// TestRedactedEntities: entities of one label that are the same in the redacted text are one.
func TestRedactedEntities(t *testing.T) {
	redactor, err := redact.New(redact.Options{Mode: redact.Label})
	if err != nil {
		t.Fatal(err)
	}
	p := Prediction{Entities: []Entity{{"Am", "NAME", 3, 5, 0.9, 0.8}, {"ina", "NAME", 5, 8, 0.7, 0.6}, {"Hassan", "NAME", 9, 15, 0.5, 0.4}}}
	p.redact(redactor.Redact("Am Amina Hassan here", []redact.Span{{Label: "NAME", Start: 3, End: 8}, {Label: "NAME", Start: 9, End: 15}}))
	want := []Entity{{"[NAME_1]", "NAME", 3, 11, 0.9, 0.6}, {"[NAME_2]", "NAME", 12, 20, 0.5, 0.4}}
	if !slices.Equal(p.Entities, want) {
		t.Errorf("%+v, want %+v", p.Entities, want)
	}
}

func sumOf(counts []int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// TestLabelAttentionInJSON: an object of lists for yes/no labels, a list for a head of
// classes.
func TestLabelAttentionInJSON(t *testing.T) {
	p, _ := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 4})
	for _, o := range []PredictOptions{{Attention: true}, {Attention: true, Long: LongMean, Overlap: new(2)}, {Attention: true, Long: LongTruncate}} {
		got := mustPredict(t, p, predictorTexts[4:5], o)[0]
		data, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			Attention map[string][]WordWeight `json:"attention"`
			ByLabel   struct {
				Topics map[string]map[string][]float32 `json:"topics"`
				Who    map[string][]float32            `json:"who"`
			} `json:"label_attention"`
		}
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		topics, who := got.LabelAttention.Get("topics"), got.LabelAttention.Get("who")
		if school := back.ByLabel.Topics["about"]["school"]; !slices.Equal(school, topics[0].Value.Labels[0].Value) || len(school) != len(back.Attention["topics"]) || len(school) == 0 {
			t.Errorf("%v: the weights for school come back as %v", o.Long, school)
		}
		if role := back.ByLabel.Who["role"]; !slices.Equal(role, who[1].Value.Words) || len(role) == 0 {
			t.Errorf("%v: the weights for the role come back as %v", o.Long, role)
		}
	}
}

// TestLabelAttentionPrecisions: in reduced precision the answers are near float32's, in one
// window and several.
func TestLabelAttentionPrecisions(t *testing.T) {
	p, _ := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 4})
	for _, task := range []string{"topics", "who"} {
		exact, err := p.TaskLogits(t.Context(), task, predictorTexts, PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, precision := range []torchx.Precision{torchx.BF16, torchx.INT8} {
			rough, err := p.TaskLogits(t.Context(), task, predictorTexts, PredictOptions{Precision: precision})
			if err != nil {
				t.Fatal(err)
			}
			var got, want []float32
			for i := range exact {
				got, want = append(got, slices.Concat(rough[i].Values...)...), append(want, slices.Concat(exact[i].Values...)...)
			}
			if d := goldentest.Compare(got, want); d.Max == 0 || d.Max > 0.05*goldentest.MaxAbs(want)+0.02 {
				t.Errorf("%s in %s: logits differ by %v", task, precision, d.Max)
			}
		}
	}
}

// TestLabelAttentionIsSaved: a saved model's config.json describes it, and it answers as
// before.
func TestLabelAttentionIsSaved(t *testing.T) {
	p, m := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 4})
	dir := t.TempDir() + "/model"
	if err := Save(dir, m, p.tok, nil); err != nil {
		t.Fatal(err)
	}
	loaded, tok, err := Load(dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(loaded.Drop)
	o := PredictOptions{Scores: true, Attention: true}
	if got, want := mustPredict(t, NewPredictor(loaded, tok), predictorTexts, o), mustPredict(t, p, predictorTexts, o); !reflect.DeepEqual(got, want) {
		t.Error("the loaded model answers otherwise")
	}
}

// TestKeepOneAttention: a model with an attention for each label begins with the answers of
// one whose labels share theirs, and looks where that did.
func TestKeepOneAttention(t *testing.T) {
	cases, asked := caseTask("a", "b", "c"), tasks.QA()
	old := drawn(t, 1, cases, asked)
	m := drawn(t, 2, byLabel(t, asked), byLabel(t, caseTask("c", "d", "a")))
	sameEncoder(t, m, old)
	if _, err := m.KeepHeads(old); err != nil {
		t.Fatal(err)
	}
	for _, task := range []string{tasks.CLSName, tasks.QAName} {
		was := logitsBy(t, old, task)
		for label, got := range logitsBy(t, m, task) {
			if want, known := was[label]; known && !(goldentest.Compare(got, want).Max <= 1e-6) {
				t.Errorf("%s: logits %v, want the old model's %v", label, got, want)
			}
		}
	}
	heads, err := old.KeepHeads(m)
	if err != nil || heads[0].Why != "there it has label_attention pooling" {
		t.Errorf("the other way round: %+v, %v", heads[0], err)
	}
}

// TestKeepAttentionsOfLabels: labels take their attentions along, wherever they stand.
func TestKeepAttentionsOfLabels(t *testing.T) {
	topics := func(labels ...string) tasks.Task {
		task, err := tasks.Custom{Name: "topics", Kind: tasks.MultiLabel, Pooling: tasks.LabelAttentionPooling, Heads: []tasks.Head{{Name: "about", Labels: labels}}}.Task()
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
	old, m := drawn(t, 1, topics("school", "home", "police")), drawn(t, 2, topics("police", "hospital", "school"))
	sameEncoder(t, m, old)
	if _, err := m.KeepHeads(old); err != nil {
		t.Fatal(err)
	}
	was, is := logitsBy(t, old, "topics"), logitsBy(t, m, "topics")
	for _, label := range []string{"about/police", "about/school"} {
		if !(goldentest.Compare(is[label], was[label]).Max <= 1e-6) {
			t.Errorf("%s: logits %v, want the old model's %v", label, is[label], was[label])
		}
	}
}

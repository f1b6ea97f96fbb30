package distill

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// The teacher reads other sub-words than the student; words are matched by
// where they stand.
func TestSoftenTokens(t *testing.T) {
	task := testTasks()[0]
	permuted := task
	permuted.Heads = slices.Clone(task.Heads)
	permuted.Heads[0].Labels = []string{"O", "AGE", "NAME"}
	records := loadRecords(t, testRecords(), permuted)
	dir := teacherDir(t, uncased(t), 1, 32, task)
	teacher := open(t, dir, permuted)
	logits, _ := mustLogits(t, teacher, records, t.TempDir())
	tok := cased(t)
	for _, allSubwords := range []bool{false, true} {
		examples := encode(t, records, tok, datasets.Limits{MaxLength: 32, AllSubwords: allSubwords})
		share, err := teacher.Soften(logits, records.Texts, tok, 0, examples)
		if err != nil || share != 1 {
			t.Fatalf("share %v, error %v; want all", share, err)
		}
		differ := 0
		for i, ex := range examples {
			enc := tok.Encode(string(records.Texts[i]))
			soft := ex.Labels[0].Soft[0]
			var firsts []int32 // tokens that begin a word
			for j, word := range enc.Words {
				if word >= 0 && word != enc.Words[j-1] {
					firsts = append(firsts, int32(j))
				}
			}
			if len(ex.Labels[0].Soft) != 1 || !slices.Equal(soft.Rows, firsts) || len(soft.Logits) != 3*len(firsts) {
				t.Fatalf("record %d: rows %v with %d logits, want %v", i+1, soft.Rows, len(soft.Logits), firsts)
			}
			for w := range firsts {
				said, got := logits[i].Values[0][3*w:3*w+3], soft.Logits[3*w:3*w+3]
				if want := []float32{said[0], said[2], said[1]}; !slices.Equal(got, want) {
					t.Errorf("record %d, word %d: logits %v, want %v", i+1, w, got, want)
				}
				if w > 0 && !slices.Equal(got, soft.Logits[:3]) {
					differ++
				}
			}
			if teacherIDs := uncased(t).Encode(string(records.Texts[i])).IDs; len(teacherIDs) == len(enc.IDs) && i < 2 {
				t.Errorf("record %d: teacher and student both have %d tokens", i+1, len(enc.IDs))
			}
		}
		if differ < 5 {
			t.Error("the teacher says the same of all words")
		}
	}
}

// A word that the teacher didn't read, or that only the student has, gets
// nothing.
func TestSoftenSomeWords(t *testing.T) {
	task := testTasks()[0]
	records := loadRecords(t, testRecords(), task)
	tok := cased(t)
	// Six tokens: [CLS] ami ##na li ##ves [SEP], [CLS] ami ##na is 8 [SEP], and all of the third text.
	short := open(t, teacherDir(t, uncased(t), 1, 6, task), task)
	logits, _ := mustLogits(t, short, records, t.TempDir())
	examples := encode(t, records, tok, datasets.Limits{MaxLength: 32})
	share, err := short.Soften(logits, records.Texts, tok, 0, examples)
	if err != nil {
		t.Fatal(err)
	}
	// Amina lives | in Kisumu . — Amina is 8 | , her uncle calls her . — in Kisumu
	if want := (2.0 + 3 + 2) / (5 + 9 + 2); math.Abs(share-want) > 1e-12 {
		t.Errorf("share %v, want %v", share, want)
	}
	for i, words := range []int{2, 3, 2} {
		if got := len(examples[i].Labels[0].Soft[0].Rows); got != words {
			t.Errorf("record %d: %d words, want %d", i+1, got, words)
		}
	}

	// The teacher has one word where the student has two: neither gets a label.
	other := logits[2]
	other.Words = []tokenize.Span{{Start: 0, End: 9}}
	other.Values = [][]float32{{1, 2, 3}}
	examples = encode(t, records, tok, datasets.Limits{MaxLength: 32})[2:]
	share, err = short.Soften([]fusion.Logits{logits[0], logits[1], other}, records.Texts, tok, 0, examples)
	if soft := examples[0].Labels[0].Soft[0]; err != nil || share != 0 || soft.Rows != nil || soft.Logits != nil {
		t.Errorf("share %v, soft label %+v, %v; want none", share, soft, err)
	}
}

// Words without a hard label get no soft one.
func TestSoftenLabelledWordsOnly(t *testing.T) {
	task := testTasks()[0]
	records := loadRecords(t, testRecords(), task)
	tok := cased(t)
	teacher := open(t, teacherDir(t, cased(t), 1, 32, task), task)
	logits, _ := mustLogits(t, teacher, records, t.TempDir())
	examples := encode(t, records, tok, datasets.Limits{MaxLength: 32})[:1]
	classes := examples[0].Labels[0].Classes // [CLS] Amina l… in Ki …
	classes[1] = tasks.IgnoreToken
	share, err := teacher.Soften(logits, records.Texts, tok, 0, examples)
	soft := examples[0].Labels[0].Soft[0]
	if err != nil || share != 1 || slices.Contains(soft.Rows, 1) || len(soft.Rows) != 4 || !slices.Equal(soft.Logits, logits[0].Values[0][3:]) {
		t.Errorf("share %v, soft label %+v, %v", share, soft, err)
	}
	for i := range classes {
		classes[i] = tasks.IgnoreToken
	}
	if share, err = teacher.Soften(logits, records.Texts, tok, 0, examples); err != nil || share != 0 || examples[0].Labels[0].Soft[0].Rows != nil {
		t.Errorf("without any label: share %v, %+v, %v", share, examples[0].Labels[0].Soft, err)
	}
}

// Sentence-level tasks have no tokens to match.
func TestSoftenSentences(t *testing.T) {
	task := tasks.Task{Name: "mood", Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Text: "text", Heads: []tasks.Head{
		{Name: "x", Field: "x", Param: "mood_x", Source: "x", Labels: []string{"a", "b", "c"}}, {Name: "y", Field: "y", Param: "mood_y", Source: "y", Labels: []string{"d", "e"}},
	}}
	student := task
	student.Heads = slices.Clone(task.Heads)
	student.Heads[0].Labels = []string{"b", "c", "a"}
	records := loadRecords(t, testRecords(), student)
	teacher := open(t, teacherDir(t, uncased(t), 1, 6, task), student)
	logits, _ := mustLogits(t, teacher, records, t.TempDir())
	tok := cased(t)
	examples := encode(t, records, tok, datasets.Limits{MaxLength: 32})
	slices.Reverse(examples) // the record's number counts, not the place
	share, err := teacher.Soften(logits, records.Texts, tok, 0, examples)
	if err != nil || share != 1 {
		t.Fatalf("share %v, error %v; want all", share, err)
	}
	for _, ex := range examples {
		said, soft := logits[ex.Record-1].Values, ex.Labels[0].Soft
		if len(soft) != 2 || soft[0].Rows != nil || !slices.Equal(soft[0].Logits, []float32{said[0][1], said[0][2], said[0][0]}) || !slices.Equal(soft[1].Logits, said[1]) {
			t.Errorf("record %d: soft labels %+v, the teacher said %v", ex.Record, soft, said)
		}
	}
	if slices.Equal(logits[0].Values[0], logits[1].Values[0]) {
		t.Error("the teacher says the same of two texts")
	}
	if _, err := teacher.Soften(logits[:2], records.Texts, tok, 0, examples); err == nil || !strings.Contains(err.Error(), "the teacher speaks of 2 records, there are 3") {
		t.Errorf("error %v", err)
	}
}

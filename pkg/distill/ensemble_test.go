package distill

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Logits are averaged label by label, also where the members have another order of labels,
// and word by word, also where they read different ones.
func TestEnsembleAverages(t *testing.T) {
	student := testTasks()[0]
	permuted := student
	permuted.Heads = slices.Clone(student.Heads)
	permuted.Heads[0].Labels = []string{"O", "AGE", "NAME"}
	records := loadRecords(t, testRecords(), student)
	dirs := []string{
		teacherDir(t, uncased(t), 1, 32, student),
		teacherDir(t, cased(t), 2, 9, permuted), // reads the first words alone
	}
	members, err := OpenAll(dirs, student, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer members.Drop()
	cache, most := t.TempDir(), 0
	mean, cached, err := members.Targets(t.Context(), records, cache, func(done, total int) { most = max(most, done); most = min(most, total) })
	if err != nil || cached || most == 0 {
		t.Fatalf("cached %v, %d reports, error %v", cached, most, err)
	}
	if again, cached, err := members.Targets(t.Context(), records, cache, nil); err != nil || !cached || !equalLogits(again.logits, mean.logits) {
		t.Errorf("asked again: cached %v, error %v, or other logits", cached, err)
	}
	first, _ := mustLogits(t, members[0], records, cache)
	second, _ := mustLogits(t, members[1], records, cache)
	fewer := 0
	for i, said := range mean.logits {
		for w, span := range said.Words {
			a, b := slices.Index(first[i].Words, span), slices.Index(second[i].Words, span)
			if a < 0 || b < 0 {
				t.Fatalf("record %d: word %v isn't in both", i+1, span)
			}
			of := func(values []float32, at int, order ...int) (row []float64) {
				for _, label := range order {
					row = append(row, float64(values[3*at+label]))
				}
				return row
			}
			one, two := of(first[i].Values[0], a, 0, 1, 2), of(second[i].Values[0], b, 0, 2, 1)
			for label := range 3 {
				if got, want := float64(said.Values[0][3*w+label]), (one[label]+two[label])/2; !(math.Abs(got-want) < 1e-6) {
					t.Errorf("record %d, word %d, label %d: %v, want %v", i+1, w, label, got, want)
				}
			}
		}
		if len(said.Words) < len(first[i].Words) {
			fewer++
		}
	}
	if fewer == 0 || len(mean.logits[0].Words) < 2 {
		t.Errorf("%d records have fewer words than the first teacher read; the first has %v", fewer, mean.logits[0].Words)
	}
}

func TestAverageOfTexts(t *testing.T) {
	task := tasks.QA()
	said := func(x float32) Targets {
		l := fusion.Logits{}
		for _, head := range task.Heads {
			l.Values = append(l.Values, slices.Repeat([]float32{x}, len(head.Labels)))
		}
		return Targets{task, []fusion.Logits{l}}
	}
	mean, err := Average(said(1), said(2), said(6))
	if err != nil || mean.logits[0].Values[1][0] != 3 || len(mean.logits[0].Values) != len(task.Heads) {
		t.Errorf("mean %v, error %v", mean, err)
	}
	if one, err := Average(said(2)); err != nil || one.logits[0].Values[0][0] != 2 {
		t.Errorf("of one: %v, %v", one, err)
	}
	if _, err := Average(); err == nil {
		t.Error("a mean of nothing")
	}
	if _, err := Average(said(1), Targets{task, nil}); err == nil || !strings.Contains(err.Error(), "speaks of 1 texts for task qa, another of 0") {
		t.Errorf("of different texts: %v", err)
	}
}

func TestOpenAllRefuses(t *testing.T) {
	task := testTasks()[0]
	dir := teacherDir(t, uncased(t), 1, 32, task)
	if _, err := OpenAll([]string{dir, dir + "-none"}, task, gotch.CPU); err == nil || !strings.Contains(err.Error(), dir+"-none") {
		t.Errorf("a missing member: %v", err)
	}
	if _, err := OpenAll(nil, task, gotch.CPU); err == nil || !strings.Contains(err.Error(), "teacher of ner") {
		t.Errorf("no member: %v", err)
	}
}

// Texts without a file have the logits of the same texts in one, and a cache of their own,
// which holds no text.
func TestTextLogits(t *testing.T) {
	for _, task := range []tasks.Task{testTasks()[0], tasks.QA()} {
		records := loadRecords(t, testRecords(), task)
		teacher := open(t, teacherDir(t, uncased(t), 1, 32, task), task)
		want, _ := mustLogits(t, teacher, records, t.TempDir())
		dir := t.TempDir()
		got, cached, err := teacher.TextLogits(t.Context(), records.Texts, dir, nil)
		if err != nil || cached || !equalLogits(got, want) {
			t.Errorf("%s: cached %v, error %v, or other logits than of the file", task.Name, cached, err)
		}
		if again, cached, err := teacher.TextLogits(t.Context(), records.Texts, dir, nil); err != nil || !cached || !equalLogits(again, want) {
			t.Errorf("%s: asked again: cached %v, error %v, or other logits", task.Name, cached, err)
		}
		data, err := os.ReadFile(onlyFile(t, dir))
		if err != nil || bytes.Contains(data, []byte("Amina")) {
			t.Errorf("%s: the cache holds a text, error %v", task.Name, err)
		}
		keys := map[string]bool{}
		for _, texts := range [][]datasets.Transcript{records.Texts, {"in Kisumu"}, {"in", "Kisumu"}, {"in\n6 Kisumu"}, nil} {
			key, err := teacher.textKey(texts)
			if err != nil || keys[key] {
				t.Errorf("%s: the key of %d texts is %s, error %v", task.Name, len(texts), key, err)
			}
			keys[key] = true
		}
	}
}

// Examples without labels get the targets of all words that they hold whole and the
// teacher has read; those that are to be skipped get none.
func TestTeach(t *testing.T) {
	task := testTasks()[0]
	tok := cased(t)
	texts := []datasets.Transcript{"Amina lives in Kisumu.", "Amina is 8, her uncle calls her.", "in Kisumu"}
	teacher := open(t, teacherDir(t, uncased(t), 1, 32, task), task)
	logits, _, err := teacher.TextLogits(t.Context(), texts, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var examples []datasets.Example
	for i, text := range texts {
		examples = append(examples, datasets.Example{Record: i + 1, IDs: tok.Encode(string(text)).Truncate(6).IDs})
	}
	share, err := teacher.Targets(logits).Teach(texts, tok, examples, func(ex datasets.Example) bool { return ex.Record == 2 })
	// [CLS] Amina lives in Ki [SEP]: only a part of Kisumu is read. [CLS] in Ki ##sumu [SEP].
	if want := (3.0 + 2) / (4 + 2); err != nil || math.Abs(share-want) > 1e-12 {
		t.Errorf("share %v, want %v; error %v", share, want, err)
	}
	for i, rows := range [][]int32{{1, 2, 3}, nil, {1, 2}} {
		taught := examples[i].Taught
		if len(taught) != 1 || (taught[0] == nil) != (i == 1) {
			t.Fatalf("record %d: targets %v", i+1, taught)
		}
		if i != 1 && (!slices.Equal(taught[0][0].Rows, rows) || !slices.Equal(taught[0][0].Logits, logits[i].Values[0][:3*len(rows)])) {
			t.Errorf("record %d: rows %v, want %v; logits %v of %v", i+1, taught[0][0].Rows, rows, taught[0][0].Logits, logits[i].Values)
		}
		if err := examples[i].CheckTaught([]tasks.Task{task}); err != nil {
			t.Error(err)
		}
	}

	qa := tasks.QA()
	whole := open(t, teacherDir(t, newTokenizer(t, uncasedVocab, tokenize.Options{LowerCase: true}), 3, 32, qa), qa)
	if logits, _, err = whole.TextLogits(t.Context(), texts, t.TempDir(), nil); err != nil {
		t.Fatal(err)
	}
	if share, err = whole.Targets(logits).Teach(texts, tok, examples, nil); err != nil || share != 1 {
		t.Errorf("share %v, error %v", share, err)
	}
	if err := examples[1].CheckTaught([]tasks.Task{task, qa}); err != nil || len(examples[1].Taught[1]) != len(qa.Heads) {
		t.Errorf("targets %v, error %v", examples[1].Taught, err)
	}
	examples[0].Record = 4
	if _, err := whole.Targets(logits).Teach(texts, tok, examples, nil); err == nil || !strings.Contains(err.Error(), "record 4, there are 3") {
		t.Errorf("an example of other texts: error %v", err)
	}
}

package fusion

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// folders holds model folders as transformers, PyTorch and the Python prototype leave
// them, made by scripts/golden/folders.py, with what the models in them say.
const folders = "testdata/folders"

func readInto(t *testing.T, path string, value any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, value); err != nil {
		t.Fatal(err)
	}
}

// expectFolderLogits compares with what PyTorch says of the model in the folder of that name.
func expectFolderLogits(t *testing.T, m *Model, name string) {
	t.Helper()
	golden := goldentest.Open(t, filepath.Join(folders, "logits.safetensors"))
	shape := golden.Shape("ids")
	s := torchx.Inference(gotch.CPU)
	logits := forward(s, m, m.Tasks[0].Name, datasets.Batch{
		Size: int(shape[0]), Length: int(shape[1]), IDs: golden.Int64s("ids"), Mask: golden.Bools("mask"),
	})
	for i, x := range logits {
		got, want := s.ReadFloat32(x), golden.Float32s(fmt.Sprintf("%s/%d", name, i))
		if m.Tasks[0].Name == "ner" { // the second text's 5 tokens; padding says nothing
			keep := (int(shape[1]) + 5) * len(m.Tasks[0].Heads[0].Labels)
			got, want = got[:keep], want[:keep]
		}
		var largest float64
		for _, v := range want {
			largest = max(largest, math.Abs(float64(v)))
		}
		// Some hundred sums of float32, of 2⁻²⁴ each, in another order.
		if d := goldentest.Compare(got, want); d.Max > 1e-5*largest {
			t.Errorf("head %d: logits differ by %.1e, the largest is %.1e", i, d.Max, largest)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Each folder is read as transformers reads it.
func TestFoldersAsTransformersReadsThem(t *testing.T) {
	var labels map[string][]string
	readInto(t, filepath.Join(folders, "labels.json"), &labels)
	if len(labels) < 10 {
		t.Fatalf("%d folders", len(labels))
	}
	for name, want := range labels {
		t.Run(name, func(t *testing.T) {
			m, _ := mustLoad(t, filepath.Join(folders, name))
			if got := m.Tasks[0].Heads[0].Labels; !slices.Equal(got, want) {
				t.Errorf("labels %q, want %q", got, want)
			}
			expectFolderLogits(t, m, name)
		})
	}
}

// Of several files of weights the one counts that transformers takes.
func TestPrecedence(t *testing.T) {
	from := map[string]string{
		SafetensorsFile: "safetensors", weights.SafetensorsIndex: "sharded-safetensors",
		weights.BinFile: "bin", weights.BinIndex: "sharded-bin",
	}
	var taken map[string]string
	readInto(t, filepath.Join(folders, "precedence.json"), &taken)
	if len(taken) != 15 {
		t.Fatalf("%d combinations", len(taken))
	}
	for present, want := range taken {
		dir := t.TempDir()
		for name := range strings.FieldsSeq(present) {
			source := filepath.Join(folders, from[name])
			entries, err := os.ReadDir(source)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				data, err := os.ReadFile(filepath.Join(source, e.Name()))
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, e.Name()), data, 0o666)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		file, err := openWeights(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := filepath.Base(file.Path()); got != want {
			t.Errorf("of %s: %s, want %s", present, got, want)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

// reweigh stores the folder's weights anew under that name, after change.
func reweigh(t *testing.T, dir, name string, change func(*weights.Tensor)) {
	t.Helper()
	file, err := openWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	var tensors []weights.Tensor
	for _, name := range file.Names() {
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		tensor.Data = bytes.Clone(tensor.Data)
		change(&tensor)
		tensors = append(tensors, tensor)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if strings.HasSuffix(name, ".safetensors") {
		err = weights.WriteSafetensors(&out, tensors, nil)
	} else {
		err = weights.WritePT(&out, tensors)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What PyTorch's wrappers add to the names of tensors is passed over.
func TestWrappedNames(t *testing.T) {
	var wrapped map[string][]string
	readInto(t, filepath.Join(folders, "wrapped.json"), &wrapped)
	for how, names := range wrapped {
		for i, name := range names {
			if got, want := weights.PlainName(name), wrapped["plain"][i]; got != want {
				t.Errorf("%s: %s is taken for %s, want %s", how, name, got, want)
			}
		}
	}
	for _, prefix := range []string{"module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."} {
		for name, earlier := range map[string]string{SafetensorsFile: "safetensors", weights.BinFile: "bin", "prototype": ""} {
			dir, file, golden := copyDir(t, filepath.Join(folders, earlier)), name, earlier
			if earlier == "" {
				dir, file, golden = copyDir(t, filepath.Join(folders, "prototype-qa")), weights.BinFile, "prototype-qa"
			}
			reweigh(t, dir, file, func(tensor *weights.Tensor) { tensor.Name = prefix + tensor.Name })
			m, _ := mustLoad(t, dir)
			expectFolderLogits(t, m, golden)
		}
	}
}

// The labels and what the models say are those of the prototype.
func TestPrototypesSingleTaskFolders(t *testing.T) {
	for name, want := range map[string][][]string{
		"prototype-ner": {{"O", "NAME", "AGE", "VICTIM"}},
		"prototype-classification": {
			{"Advice and Counselling", "Child Maintenance & Custody", "GBV"},
			{"Bullying", "Custody", "Legal Issues", "Legal issues", "Physical Abuse"},
			{"Counselling", "Referral"},
			{"1", "2", "3"},
		},
		"prototype-qa": {1: {"Caller not interrupted", "Empathises with caller", "Paraphrases/rephrases issue", "Uses please and thank you", "Does not hesitate or sound unsure"}, 5: nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := mustLoad(t, filepath.Join(folders, name))
			if len(m.Tasks) != 1 || len(m.Tasks[0].Heads) != len(want) {
				t.Fatalf("tasks %v", m.Tasks)
			}
			for h, labels := range want {
				if got := m.Tasks[0].Heads[h].Labels; labels != nil && !slices.Equal(got, labels) {
					t.Errorf("head %d: labels %q, want %q", h, got, labels)
				}
			}
			expectFolderLogits(t, m, name)
		})
	}
}

// Label lists may lie beside the weights, and be maps.
func TestOtherLabelLists(t *testing.T) {
	for name, text := range map[string]string{
		"by label":   `{"3": 2, "1": 0, "2": 1}`,
		"by id":      `{"2": "3", "0": "1", "1": "2"}`,
		"as texts":   `["1", "2", "3"]`,
		"with space": "\n [1,2,3]\n",
	} {
		dir := copyDir(t, filepath.Join(folders, "prototype-classification"))
		lists, err := filepath.Glob(filepath.Join(dir, LabelsFolder, "*.json"))
		if err != nil || len(lists) != 4 {
			t.Fatal(lists, err)
		}
		for _, list := range lists {
			if err := os.Rename(list, filepath.Join(dir, filepath.Base(list))); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "priorities.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		m, _ := mustLoad(t, dir)
		if got := m.Tasks[0].Heads[3].Labels; !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What we save of the prototype's models has the files that its own scripts read; with
// -save scripts/golden/folders.py verify loads them so.
func TestOursInThePrototype(t *testing.T) {
	parent := t.TempDir()
	if *saveDir != "" {
		parent = *saveDir
	}
	for name, files := range map[string][]string{
		"prototype-ner":            {labelMappingsFile},
		"prototype-classification": {"labels/main_categories.json", "labels/sub_categories.json", "labels/interventions.json", "labels/priorities.json"},
		"prototype-qa":             {weights.BinFile},
	} {
		t.Run(name, func(t *testing.T) {
			source := filepath.Join(folders, name)
			m, tok := mustLoad(t, source)
			dir := filepath.Join(parent, name)
			save(t, dir, m, tok)
			for _, file := range files {
				got, want := filepath.Join(dir, file), filepath.Join(source, file)
				if strings.HasSuffix(file, ".bin") {
					sameWeights(t, got, want)
					continue
				}
				var gotValue, wantValue any
				readInto(t, got, &gotValue)
				readInto(t, want, &wantValue)
				if fmt.Sprint(gotValue) != fmt.Sprint(wantValue) {
					t.Errorf("%s holds %v, want %v", file, gotValue, wantValue)
				}
			}
			// They are enough for us as well, without label_maps.json.
			again, _ := mustLoad(t, dir)
			expectSameModel(t, again, m)
			remove(t, dir, LabelMapsFile)
			again, _ = mustLoad(t, dir)
			expectSameModel(t, again, m)
			if *saveDir != "" {
				save(t, dir, m, tok)
			}
		})
	}
}

// A model of several tasks isn't one of the prototype's single-task ones.
func TestNoFilesForThePrototype(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	dir := filepath.Join(t.TempDir(), "model")
	save(t, dir, smallModel(t), tok)
	for _, name := range append(otherLabelFiles(), weights.BinFile, LabelsFolder) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

// A folder's hash changes with each file that Load reads, and with no other.
func TestHashDirFollowsTheFilesThatAreRead(t *testing.T) {
	for folder, files := range map[string][]string{
		"sharded-bin":              {"pytorch_model.bin.index.json", "pytorch_model-00003-of-00003.bin", ConfigFile, "vocab.txt"},
		"named-weights":            {"mine.safetensors"},
		"prototype-ner":            {SafetensorsFile, labelMappingsFile},
		"prototype-classification": {"labels/main_categories.json", "labels/priorities.json"},
		"prototype-qa":             {weights.BinFile},
	} {
		for _, file := range append(files, "another file") {
			dir := copyDir(t, filepath.Join(folders, folder))
			before, err := HashDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(filepath.Join(dir, file), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o666)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(" "); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			after, err := HashDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if changed := before != after; changed != (file != "another file") {
				t.Errorf("%s: after a change of %s the hash changed: %v", folder, file, changed)
			}
		}
	}
}

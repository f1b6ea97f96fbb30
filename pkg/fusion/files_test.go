package fusion

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// saveDir keeps what TestPrototypeDirectory saves, to be read in Python by
// scripts/golden/model.py verify.
var saveDir = flag.String("save", "", "keep the saved model in this directory")

// prototype is a directory as the Python prototype writes it: model.pt, label_maps.json
// and the tokenizer's files; and a config.json, as it is smaller than the prototype's.
const prototype = "testdata/prototype"

func mustLoad(t *testing.T, dir string) (*Model, *tokenize.Tokenizer) {
	t.Helper()
	m, tok, err := Load(dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m, tok
}

// save writes m with its label maps.
func save(t *testing.T, dir string, m *Model, tok *tokenize.Tokenizer) {
	t.Helper()
	if err := Save(dir, m, tok, Files{"metrics.json": []byte("{}\n")}); err != nil {
		t.Fatal(err)
	}
}

// expectGoldenLogits compares with what PyTorch's model says.
func expectGoldenLogits(t *testing.T, m *Model) {
	t.Helper()
	golden := goldentest.Open(t, "testdata/logits.safetensors")
	shape := golden.Shape("ids")
	worst := 0.0
	for _, task := range m.Tasks {
		s := torchx.Inference(gotch.CPU)
		logits := forward(s, m, task.Name, datasets.Batch{
			Size: int(shape[0]), Length: int(shape[1]), IDs: golden.Int64s("ids"), Mask: golden.Bools("mask"),
		})
		for i, x := range logits {
			want := golden.Float32s(fmt.Sprintf("%s/%d", task.Name, i))
			got := s.ReadFloat32(x)
			if task.Name == "ner" { // the second text's 5 tokens; padding says nothing
				keep := (int(shape[1]) + 5) * 10
				got, want = got[:keep], want[:keep]
			}
			d := goldentest.Compare(got, want)
			if worst = max(worst, d.Max); d.Max > 1e-5 {
				t.Errorf("%s, head %d: logits differ by %.1e", task.Name, i, d.Max)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("largest deviation of a logit %.1e", worst)
}

// sameWeights reports the tensors in which two files of weights differ.
func sameWeights(t *testing.T, path, other string) {
	t.Helper()
	read := func(path string) map[string]weights.Tensor {
		f, err := weights.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		list := map[string]weights.Tensor{}
		for _, name := range f.Names() {
			if list[name], err = f.Tensor(name); err != nil {
				t.Fatal(err)
			}
		}
		return list
	}
	equal := func(a, b weights.Tensor) bool {
		return a.DType == b.DType && slices.Equal(a.Shape, b.Shape) && bytes.Equal(a.Data, b.Data)
	}
	if !maps.EqualFunc(read(path), read(other), equal) {
		t.Errorf("%s and %s hold different tensors", path, other)
	}
}

func TestPrototypeDirectory(t *testing.T) {
	m, tok := mustLoad(t, prototype)
	expectGoldenLogits(t, m)
	if got := []int64{m.Config.VocabSize, m.Config.MaxPositions, m.Config.Dim, m.Config.Layers, m.Config.Heads, m.Config.HiddenDim}; !slices.Equal(got, []int64{60, 64, 64, 2, 1, 37}) {
		t.Errorf("architecture: %v", got)
	}
	if got := m.Tasks[1].Heads[1].Labels; !slices.Equal(got, []string{"Bullying", "Neglect", "Other"}) {
		t.Errorf("sub-categories %v", got)
	}
	if tok.VocabSize() != 60 {
		t.Errorf("vocabulary of %d", tok.VocabSize())
	}

	// What we save is the same model, in both formats, and loads as well.
	dir := filepath.Join(t.TempDir(), "model")
	if *saveDir != "" {
		dir = *saveDir
	}
	save(t, dir, m, tok)
	for _, name := range []string{PTFile, SafetensorsFile} {
		sameWeights(t, filepath.Join(dir, name), filepath.Join(prototype, PTFile))
	}
	again, _ := mustLoad(t, dir)
	if again.Config != m.Config {
		t.Errorf("architecture read back: %+v, want %+v", again.Config, m.Config)
	}
	expectGoldenLogits(t, again)
}

func TestSaveAndLoad(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	m := smallModel(t)
	dir := filepath.Join(t.TempDir(), "new", "model")
	save(t, dir, m, tok)
	for _, name := range []string{
		SafetensorsFile, PTFile, ConfigFile, LabelMapsFile, "vocab.txt", "tokenizer.json", "tokenizer_config.json", "metrics.json",
	} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s wasn't written: %v", name, err)
		}
	}
	for _, only := range []string{SafetensorsFile, PTFile} {
		t.Run(only, func(t *testing.T) {
			copied := copyDir(t, dir)
			for _, name := range []string{SafetensorsFile, PTFile} {
				if name != only {
					remove(t, copied, name)
				}
			}
			back, _ := mustLoad(t, copied)
			if back.Config != m.Config {
				t.Errorf("architecture %+v, want %+v", back.Config, m.Config)
			}
			if got, want := fmt.Sprint(back.Tasks), fmt.Sprint(m.Tasks); got != want {
				t.Errorf("tasks %s, want %s", got, want)
			}
			for i, p := range m.Params().All() {
				q := back.Params().All()[i]
				got, err := torchx.Bytes(q.Tensor)
				if err != nil {
					t.Fatal(err)
				}
				want, err := torchx.Bytes(p.Tensor)
				if err != nil {
					t.Fatal(err)
				}
				if q.Name != p.Name || !bytes.Equal(got, want) {
					t.Errorf("%s read back as %s, equal: %v", p.Name, q.Name, bytes.Equal(got, want))
				}
			}
		})
	}
}

// Without config.json the sizes are those of the weights, which don't show how many
// attention heads there are. A width of 768 is known to have 12; others aren't guessed.
func TestArchitectureFromShapes(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	for dim, heads := range map[int64]int64{768: 12, 192: 3, 384: 12} {
		config := backbone.DistilBERTCased()
		config.VocabSize, config.MaxPositions, config.Dim, config.Layers, config.Heads, config.HiddenDim = 60, 9, dim, 3, heads, 40
		m, err := New(Architecture{Config: config, Tasks: threeTasks(2, 3, 2)}, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Drop)
		dir := filepath.Join(t.TempDir(), "model")
		save(t, dir, m, tok)
		remove(t, dir, ConfigFile)
		if dim == 768 {
			if back, _ := mustLoad(t, dir); back.Config != config {
				t.Errorf("architecture %+v, want %+v", back.Config, config)
			}
			continue
		}
		_, _, err = Load(dir, gotch.CPU)
		if err == nil || !strings.Contains(err.Error(), "how many attention heads") {
			t.Fatalf("error %v, want one about attention heads", err)
		}
		// What the error tells to write is enough.
		_, advice, _ := strings.Cut(err.Error(), "write one with ")
		advice = strings.Replace(advice, "HEADS", fmt.Sprint(heads), 1)
		if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(advice), 0o666); err != nil {
			t.Fatal(err)
		}
		if back, _ := mustLoad(t, dir); back.Config != config {
			t.Errorf("after %s: architecture %+v, want %+v", advice, back.Config, config)
		}
	}
}

func TestFailedSaveKeepsTheOldModel(t *testing.T) {
	m, tok := mustLoad(t, prototype)
	parent := t.TempDir()
	dir := filepath.Join(parent, "model")
	save(t, dir, m, tok)
	before := contents(t, dir)
	other := smallModel(t)
	err := Save(dir, other, tok, Files{"a/name/with/folders": nil})
	if err == nil || !strings.HasPrefix(err.Error(), "save model: write "+dir+": ") {
		t.Errorf("error %v", err)
	}
	if !maps.Equal(contents(t, dir), before) {
		t.Error("a failed Save changed the directory")
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 1 {
		t.Errorf("a failed Save left %v", entries)
	}
	save(t, dir, other, tok)
	if maps.Equal(contents(t, dir), before) {
		t.Error("a Save that worked changed nothing")
	}
}

func TestLoadRefuses(t *testing.T) {
	m, tok := mustLoad(t, prototype)
	ours := filepath.Join(t.TempDir(), "model")
	save(t, ours, m, tok)
	foreign := filepath.Join(t.TempDir(), "foreign")
	save(t, foreign, smallModel(t), tok)
	single, err := New(Architecture{Config: m.Config, Tasks: m.Tasks[:1]}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer single.Drop()
	ner := filepath.Join(t.TempDir(), "ner")
	save(t, ner, single, tok)
	// one puts a file of one name, and with others' contents, in the place of both files of weights.
	one := func(name string, content func() ([]byte, error)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			data, err := content()
			if err != nil {
				t.Fatal(err)
			}
			remove(t, dir, SafetensorsFile)
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	of := func(dir, name string) func() ([]byte, error) {
		return func() ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
	}
	text := func(text string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(text), nil } }
	truncate := func(name string, size int64) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
				t.Fatal(err)
			}
		}
	}
	both := func(damages ...func(t *testing.T, dir string)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, damage := range damages {
				damage(t, dir)
			}
		}
	}
	edit := func(name, was, is string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(data), was) {
				t.Fatalf("%s doesn't hold %q", name, was)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(data), was, is, 1)), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	without := func(names ...string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, name := range names {
				remove(t, dir, name)
			}
		}
	}
	for name, tc := range map[string]struct {
		damage func(t *testing.T, dir string)
		wants  []string
	}{
		"no label maps":           {without(LabelMapsFile), []string{"not a model directory", LabelMapsFile}},
		"no weights":              {without(SafetensorsFile, PTFile), []string{"no weights: want model.safetensors, model.pt or pytorch_model.bin"}},
		"no tokenizer":            {without("vocab.txt", "tokenizer.json"), []string{"vocab.txt"}},
		"broken label maps":       {edit(LabelMapsFile, "{", "["), []string{"label maps"}},
		"broken config":           {edit(ConfigFile, "{", "["), []string{ConfigFile}},
		"another model":           {edit(ConfigFile, `"distilbert"`, `"roberta"`), []string{`model_type is "roberta"; only distilbert and bert`}},
		"another model type":      {edit(ConfigFile, `"distilbert"`, `"bert"`), []string{"tensors are missing: backbone.embeddings.token_type_embeddings.weight"}},
		"one label more":          {edit(LabelMapsFile, `"Other": 2`, `"Other": 2, "Physical Abuse": 3`), []string{"tensor cls_sub.weight", "shape [3 64], want [4 64]"}},
		"no tasks":                {edit(ConfigFile, `"tasks": [`, `"jobs": [`), []string{ConfigFile, "the model has no tasks"}},
		"task without labels":     {edit(ConfigFile, `"name": "qa",`, `"name": "mood",`), []string{"label maps: nothing about task mood"}},
		"two tasks of a name":     {edit(ConfigFile, `"name": "qa",`, `"name": "ner",`), []string{"label maps: ner"}},
		"another encoder":         {edit(ConfigFile, `"encoder": "backbone"`, `"encoder": "bert"`), []string{"bert.embeddings", "missing"}},
		"one layer more":          {edit(ConfigFile, `"n_layers": 2`, `"n_layers": 3`), []string{"16 tensors are missing: backbone.transformer.layer.2."}},
		"one layer less":          {edit(ConfigFile, `"n_layers": 2`, `"n_layers": 1`), []string{"16 tensors belong to no part of the model", "backbone.transformer.layer.1."}},
		"wider":                   {edit(ConfigFile, `"hidden_dim": 37`, `"hidden_dim": 38`), []string{"shape [37 64], want [38 64]"}},
		"smaller vocabulary":      {edit(ConfigFile, `"vocab_size": 60`, `"vocab_size": 59`), []string{"the vocabulary has 60 entries, the weights only 59"}},
		"absurd size":             {edit(ConfigFile, `"dim": 64`, `"dim": 16777216`), []string{"make model: make parameter backbone."}},
		"truncated weights":       {truncate(SafetensorsFile, 20000), []string{SafetensorsFile, "cut short", "get it again"}},
		"truncated in the header": {truncate(SafetensorsFile, 1000), []string{SafetensorsFile, "cut short", "get it again"}},
		"truncated model.pt":      {both(without(SafetensorsFile), truncate(PTFile, 20000)), []string{PTFile, "cut short", "get it again"}},
		"empty weights":           {truncate(SafetensorsFile, 0), []string{SafetensorsFile, "is empty", "get it again"}},
		"random bytes":            {one(SafetensorsFile, text(strings.Repeat("\x93\x00\x7f", 3000))), []string{SafetensorsFile, "neither safetensors nor a PyTorch file", "get it again"}},
		"a web page":              {one(PTFile, text("<!DOCTYPE html><html></html>")), []string{PTFile, "neither safetensors nor a PyTorch file", "get it again"}},
		"a broken zip":            {one(PTFile, text("PK\x03\x04 no archive")), []string{PTFile, "damaged", "get it again"}},
		"another zip":             {one(PTFile, zipOfTexts), []string{PTFile, "no data.pkl", "get the weights again"}},
		"another size's weights":  {one(SafetensorsFile, of(foreign, SafetensorsFile)), []string{SafetensorsFile + " isn't of the model that config.json and label_maps.json describe", "shape [60 16], want [60 64]", "copy the whole folder again"}},
		"another size's model.pt": {one(PTFile, of(foreign, PTFile)), []string{PTFile + " isn't of the model", "shape [60 16], want [60 64]", "copy the whole folder again"}},
		"a single task's weights": {one(PTFile, of(ner, PTFile)), []string{PTFile + " isn't of the model", "tensors are missing", "copy the whole folder again"}},
		"half a config":           {truncate(ConfigFile, 100), []string{ConfigFile, "copy it again"}},
		"half label maps":         {truncate(LabelMapsFile, 100), []string{LabelMapsFile, "copy the whole folder again"}},
		"half a tokenizer":        {truncate(tokenize.TokenizerFile, 100), []string{tokenize.TokenizerFile, "copy it again"}},
		"half tokenizer settings": {truncate(tokenize.ConfigFile, 10), []string{tokenize.ConfigFile, "copy it again"}},
		"half a vocabulary":       {both(without(tokenize.TokenizerFile), truncate(tokenize.VocabFile, 100)), []string{"the vocabulary (tokenizer.json or vocab.txt) isn't the one that model.safetensors was trained with", "copy the whole folder again"}},
		"another vocabulary":      {both(without(tokenize.TokenizerFile), swapLines(tokenize.VocabFile, 20, 30)), []string{"the vocabulary (tokenizer.json or vocab.txt) isn't the one that model.safetensors was trained with"}},
		"labels in another order": {both(edit(LabelMapsFile, `"Other": 2`, `"Other": 1`), edit(LabelMapsFile, `"Neglect": 1`, `"Neglect": 2`), edit(LabelMapsFile, `"1": "Neglect"`, `"2": "Neglect"`), edit(LabelMapsFile, `"2": "Other"`, `"1": "Other"`)), []string{LabelMapsFile + " isn't the one that model.safetensors was trained with", "remove model.safetensors"}},
		"weights that are a folder": {func(t *testing.T, dir string) {
			remove(t, dir, SafetensorsFile)
			if err := os.Mkdir(filepath.Join(dir, SafetensorsFile), 0o777); err != nil {
				t.Fatal(err)
			}
		}, []string{SafetensorsFile, "not a regular file"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, ours)
			tc.damage(t, dir)
			_, _, err := Load(dir, gotch.CPU)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(tc.wants, "load model "+dir+": ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q doesn't say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
	if _, _, err := Load(filepath.Join(ours, "nowhere"), gotch.CPU); err == nil || !strings.Contains(err.Error(), "not a model directory") {
		t.Errorf("no directory: %v", err)
	}
}

// zipOfTexts is an archive that torch.save didn't write.
func zipOfTexts() ([]byte, error) {
	var data bytes.Buffer
	archive := zip.NewWriter(&data)
	for _, name := range []string{"calls.csv", "notes/readme.txt"} {
		file, err := archive.Create(name)
		if err == nil {
			_, err = file.Write([]byte("text"))
		}
		if err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return data.Bytes(), err
}

// swapLines exchanges two lines of a file.
func swapLines(name string, a, b int) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		lines[a], lines[b] = lines[b], lines[a]
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// A vocabulary may be smaller than the embeddings by what models are padded with.
func TestVocabularySize(t *testing.T) {
	vocab := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK]")
	for len(vocab) < 300 {
		vocab = append(vocab, fmt.Sprintf("w%d", len(vocab)))
	}
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]string{
		300: "", 304: "", 384: "", 427: "",
		299: "has 300 entries, the weights only 299",
		428: "",
	} {
		err := checkVocabularySize(tok, PTFile, backbone.Config{VocabSize: size})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("embeddings of %d: %v, want %q", size, err, want)
		}
	}
}

func copyDir(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// contents maps a directory's files to what they hold.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

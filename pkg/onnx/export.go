package onnx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// GraphFile is the name of the graph in a folder, as in Optimum's.
const GraphFile = "model.onnx"

// HeadsFile is the name of the graph of a model's heads beside [GraphFile]: those of models
// that read long calls in windows. Its input is [HiddenOutput], its outputs are the logits.
const HeadsFile = "model_heads.onnx"

// GraphFiles are the names of [GraphFile] and of what it may have beside it.
var GraphFiles = []string{GraphFile, GraphFile + dataSuffix, HeadsFile}

// Export writes the graph of the model in a folder, and sets o.ModelHash. If output ends
// in ".onnx" it is the graph's file. Otherwise it is a folder with [GraphFile], config.json,
// label_maps.json and the tokenizer's files: the layout of Hugging Face's Optimum, which
// reads it if the model is a token classifier. The folder appears in one step; other files
// in it are left alone, and a folder with a model or with such files of something else is
// refused.
func Export(ctx context.Context, model, output string, o Options) (Written, error) {
	written, err := export(ctx, model, output, o)
	if err != nil {
		return written, fmt.Errorf("export %s: %w", model, err)
	}
	return written, nil
}

func export(ctx context.Context, model, output string, o Options) (w Written, err error) {
	if err := checkOutput(model, output); err != nil {
		return w, err
	}
	cpu, err := nn.Device("cpu")
	if err != nil {
		return w, err
	}
	if o.ModelHash, err = fusion.HashDir(model); err != nil {
		return w, err
	}
	m, tok, err := fusion.Load(model, cpu)
	if err != nil {
		return w, err
	}
	defer m.Drop()
	if err := ctx.Err(); err != nil {
		return w, err
	}
	if !isFile(output) {
		return writeFolder(output, m, tok, o)
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o777); err != nil {
		return w, err
	}
	return Write(output, m, o)
}

func writeFolder(dir string, m *fusion.Model, tok *tokenize.Tokenizer, o Options) (w Written, err error) {
	stale := companions(filepath.Join(dir, GraphFile))
	err = atomicdir.Replace(dir, func(tmp string) error {
		if w, err = Write(filepath.Join(tmp, GraphFile), m, o); err != nil {
			return err
		}
		return m.SaveDescription(tmp, tok)
	})
	for i, file := range w.Files {
		w.Files[i] = filepath.Join(dir, filepath.Base(file))
	}
	if err == nil {
		err = removeOthers(stale, w.Files)
	}
	return w, err
}

// isFile reports whether an output is the graph's file, not a folder.
func isFile(output string) bool { return strings.EqualFold(filepath.Ext(output), ".onnx") }

// checkOutput returns an error if an output is no path, or a folder whose files an export
// would replace though they are not an earlier export's.
func checkOutput(model, output string) error {
	switch {
	case output == "" || output == "-":
		return fmt.Errorf("the output is %q: give a file, such as %s, or a folder", output, GraphFile)
	case sameFolder(model, output):
		return fmt.Errorf("the output is the model's own folder, whose config.json it would replace: give a file, such as %s, or another folder", filepath.Join(model, "onnx", GraphFile))
	case isFile(output):
		if err := checkRegular(output); err != nil {
			return fmt.Errorf("the output is %s, but %w", output, err)
		}
		return nil
	}
	if info, err := os.Stat(output); err == nil && !info.IsDir() {
		return fmt.Errorf("the output, %s, is no folder: name one, or a file that ends in .onnx", output)
	}
	for _, name := range fusion.WeightFiles() {
		if exists(filepath.Join(output, name)) {
			return fmt.Errorf("the output is the folder of another model, with %s, whose config.json it would replace: choose another folder", name)
		}
	}
	for _, name := range []string{fusion.ConfigFile, fusion.LabelMapsFile, tokenize.TokenizerFile, tokenize.ConfigFile, tokenize.VocabFile} {
		if exists(filepath.Join(output, name)) && !exists(filepath.Join(output, GraphFile)) {
			return fmt.Errorf("the output, %s, has no earlier export but a %s, which it would replace: choose another folder", output, name)
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// sameFolder reports whether two paths are one folder. A missing one is none.
func sameFolder(a, b string) bool {
	first, err := os.Stat(a)
	second, err2 := os.Stat(b)
	return errors.Join(err, err2) == nil && os.SameFile(first, second)
}

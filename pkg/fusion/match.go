package fusion

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Advice about an unreadable file, and about files of several models.
const (
	copyFile   = "the file is damaged: copy it again from where the model was made"
	copyFolder = "the files of a model belong together: copy the whole folder again from where it was made"
)

// Files of different models may match each other in all sizes; the predictions would
// then be wrong without an error. So [SafetensorsFile] contains the SHA-256 of the
// vocabulary, the label maps and the dependencies between labels that its weights were
// trained with. [PTFile] can't.
const (
	vocabularyKey = "trident.vocabulary"
	labelsKey     = "trident.labels"
	followsKey    = "trident.follows"
)

// origin returns the metadata about what the weights were trained with.
func (a Architecture) origin(tok *tokenize.Tokenizer) (map[string]string, error) {
	maps, err := a.LabelMaps()
	if err != nil {
		return nil, err
	}
	follows, err := a.follows()
	if err != nil {
		return nil, err
	}
	labels, vocabulary := sha256.Sum256(maps), sha256.New()
	for id := range tok.VocabSize() {
		fmt.Fprintln(vocabulary, tok.Token(int32(id)))
	}
	return map[string]string{
		vocabularyKey: hex.EncodeToString(vocabulary.Sum(nil)),
		labelsKey:     hex.EncodeToString(labels[:]),
		followsKey:    follows,
	}, nil
}

// follows returns the SHA-256 of the dependencies between the tasks' heads.
func (a Architecture) follows() (string, error) {
	list := [][]*tasks.Follows{}
	for _, task := range a.Tasks {
		var heads []*tasks.Follows
		for _, head := range task.Heads {
			heads = append(heads, head.Follows)
		}
		list = append(list, heads)
	}
	data, err := json.Marshal(list)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

// checkOrigin compares the directory's vocabulary and label maps with those that the
// weights were trained with, if the weight file has their hashes.
func checkOrigin(file *weights.File, a Architecture, tok *tokenize.Tokenizer) error {
	said := file.Metadata()
	is, err := a.origin(tok)
	if err != nil {
		return err
	}
	name := filepath.Base(file.Path())
	if was, ok := said[vocabularyKey]; ok && was != is[vocabularyKey] {
		return fmt.Errorf("the vocabulary (%s or %s) isn't the one that %s was trained with; %s",
			tokenize.TokenizerFile, tokenize.VocabFile, name, copyFolder)
	}
	if was, ok := said[labelsKey]; ok && was != is[labelsKey] {
		return fmt.Errorf("%s isn't the one that %s was trained with; %s, or, if you changed labels on purpose, remove %s (%s holds the same weights)",
			LabelMapsFile, name, copyFolder, name, PTFile)
	}
	if was, ok := said[followsKey]; ok && was != is[followsKey] {
		return fmt.Errorf("%s says otherwise than %s which labels go together; %s, or, if you changed that on purpose, remove %s (%s holds the same weights)",
			ConfigFile, name, copyFolder, name, PTFile)
	}
	return nil
}

// checkVocabularySize compares the tokenizer with the embeddings, which may have more
// rows than there are tokens.
func checkVocabularySize(tok *tokenize.Tokenizer, weightsFile string, c backbone.Config) error {
	has, want := int64(tok.VocabSize()), c.VocabSize
	if has > want {
		return fmt.Errorf("the vocabulary has %d entries, the weights only %d: %s or %s isn't of the same model as %s; %s",
			has, want, tokenize.TokenizerFile, tokenize.VocabFile, weightsFile, copyFolder)
	}
	return nil
}

// UnusedRows returns a warning if the embeddings have more rows than the tokenizer has
// tokens; otherwise "". In some models these are padding; others have lost a tokenizer
// file, so words that were tokens in training are split.
func UnusedRows(c backbone.Config, tok *tokenize.Tokenizer) string {
	unused := c.VocabSize - int64(tok.VocabSize())
	if unused <= 0 {
		return ""
	}
	return fmt.Sprintf("the model has embeddings of %d tokens, its tokenizer only %d; if tokens were added for its training, copy the files that name them (%s, %s, %s) from where the model was made",
		c.VocabSize, tok.VocabSize(), tokenize.TokenizerFile, tokenize.ConfigFile, tokenize.AddedTokensFile)
}

// setWeights sets all parameters from the file, which must not contain others. labels is
// the name of the file with the labels.
func (m *Model) setWeights(file *weights.File, labels string) error {
	unused, err := backbone.LoadParams(file, "", m.params, backbone.CurrentName)
	unused = slices.DeleteFunc(unused, func(name string) bool {
		return backbone.IsBuffer(name) || m.modelType() == backbone.BERT && backbone.IsPooler(name)
	})
	if err == nil && len(unused) > 0 {
		err = fmt.Errorf("%d tensors belong to no part of the model: the first is %s", len(unused), unused[0])
	}
	switch {
	case errors.Is(err, checkpoint.ErrNotFinite):
		return err
	case err != nil:
		described := ConfigFile + " describes"
		if labels != ConfigFile {
			described = ConfigFile + " and " + labels + " describe"
		}
		return fmt.Errorf("%s isn't of the model that %s: %w; %s", filepath.Base(file.Path()), described, err, copyFolder)
	}
	return nil
}

package fusion

import (
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/pymodel"
)

// writeForTransformers writes to dir what Hugging Face's transformers needs to load the
// model, which config.json refers to, unless it has a class for it.
func (a Architecture) writeForTransformers(dir string) error {
	if a.IsTokenClassifier() {
		return nil
	}
	for name, content := range pymodel.Files() {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

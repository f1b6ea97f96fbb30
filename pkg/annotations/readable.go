package annotations

import (
	"strings"

	"github.com/trident-nlp/trident/internal/textfile"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// withoutNUL refuses a text with NUL characters, which a file of text can't hold: it would
// be taken for UTF-16 or binary. In JSON they are escaped.
func withoutNUL(text datasets.Transcript) error {
	if strings.ContainsRune(string(text), 0) {
		return bad(datasets.KindUTF8, "the text holds NUL characters, which files of text can't; remove them, or choose a format of JSON")
	}
	return nil
}

// readable refuses a text that, as a file, would be taken for something else.
func readable(text datasets.Transcript) error {
	if err := withoutNUL(text); err != nil {
		return err
	}
	if _, err := textfile.NewReader(strings.NewReader(string(text)), textfile.Options{}); err != nil {
		return bad(datasets.KindUTF8, "the text, as a file, can't be read again: %w", err)
	}
	return nil
}

// readBack refuses labels that the readers of a record don't accept, such as texts.
func readBack(err error) error {
	if err == nil {
		return nil
	}
	return bad(kindOf(err), "what would be written can't be read again: %w", err)
}

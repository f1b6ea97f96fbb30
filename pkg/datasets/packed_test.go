package datasets

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

// A compressed file holds the same records.
func TestLoadCompressed(t *testing.T) {
	ner := builtIn()["ner"]
	for name, content := range layouts(`{"text": "Amina wa Kisumu", "entities": [{"start": 0, "end": 5, "label": "NAME"}]}`, `{"text": "Sina jina", "entities": []}`) {
		want := mustLoad(t, content, ner)
		got := mustLoad(t, filetest.Gzip(t, content), ner)
		got.Path = want.Path
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d records, want %d", name, len(got.Texts), len(want.Texts))
		}
	}
}

// What isn't text is one problem of the file, which says what to do.
func TestLoadRefusesOtherFiles(t *testing.T) {
	for content, want := range map[string]string{
		"PK\x03\x04\x14\x00" + secret:              "this is a zip archive",
		"PAR1\x15\x04" + secret:                    "this is Parquet",
		"[\x00{\x00\"\x00t\x00e\x00x\x00t":         "this looks like UTF-16 without a byte order mark",
		filetest.Gzip(t, "PK\x03\x04\x14\x00xlsx"): "in the gzip data: this is a zip archive",
		filetest.Gzip(t, `{"text": "x"}`)[:20]:     "the gzip data end too early",
	} {
		_, err := load(t, content, builtIn()["ner"])
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q in one line", err, want)
		}
	}
}

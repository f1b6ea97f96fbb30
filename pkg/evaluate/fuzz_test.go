package evaluate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRecordNumbers: a list of records is read or refused without a word of
// what it holds.
func FuzzRecordNumbers(f *testing.F) {
	for _, s := range []string{
		"record,share,text\n3,validation,kXqZv\n5,test,\"kXqZv\n\"\n", "record\n1\n", "record\n0\n", "record\n1\n1\n", "a,record\nkXqZv\n", "record\nkXqZv\n", "record,record\n1,\"2", "", "\xef\xbb\xbfrecord\r\n1\r\n", "share\n1\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "list.csv")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		listed, share, err := readRecordNumbers(path)
		if err != nil {
			if text := err.Error(); strings.Contains(text, "kXqZv") || strings.Contains(text, "\n") {
				t.Errorf("error %q", text)
			}
			return
		}
		if len(listed) == 0 || share != "" && share != "test" && share != "validation" {
			t.Errorf("%d records of share %q", len(listed), share)
		}
		for number := range listed {
			if number < 1 {
				t.Errorf("record %d", number)
			}
		}
	})
}

package serve

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestReadAbout(t *testing.T) {
	t.Parallel()
	const metrics = `{"best": {"Epoch": 2, "Val": [{"Task": "ner", "Report": [{"Name": "entity_f1", "Value": 0.5}]}]}, "data": {"ner": {"trained": 7, "made_up": true}}`
	for name, test := range map[string]struct {
		content string
		want    []aboutTask
		madeUp  bool
	}{
		"no scores":    {"", nil, false},
		"another's":    {"[1]", nil, false},
		"validation":   {metrics + "}", []aboutTask{{"ner", "entity_f1", 0.5, false, 7}}, true},
		"test":         {metrics + `, "test": [{"Task": "ner", "Report": [{"Name": "entity_f1", "Value": 0.4}]}]}`, []aboutTask{{"ner", "entity_f1", 0.4, true, 7}}, true},
		"earlier ones": {`{"best": {"Val": [{"Task": "qa", "Report": [{"Name": "avg_f1", "Value": 0.3}]}]}}`, []aboutTask{{"qa", "avg_f1", 0.3, false, 0}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "may")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if test.content != "" {
				if err := os.WriteFile(filepath.Join(dir, metricsName), []byte(test.content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := readAbout(dir)
			if want := (&about{"may", test.madeUp, test.want}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

package tasks

import (
	"reflect"
	"testing"
)

// FuzzLabelMaps: labels that are read are whole, and the same when they are
// written and read again.
func FuzzLabelMaps(f *testing.F) {
	own, err := Custom{Name: "mood", Kind: MultiClass, Heads: []Head{{Name: "caller"}}}.Task()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		`{"ner": {"label_to_id": {"O": 0, "NAME": 1}, "id_to_label": {"0": "O", "1": "NAME"}}, "mood": {"heads": {"caller": {"id_to_label": {"0": "calm"}}}}}`,
		`{"cls": {"main_cat2id": {"a": 0}, "sub_cat2id": {"b": 0, "c": 1}, "id_to_interv": {"0": "d"}, "priority2id": {"1": 0}}}`,
		`{"qa": {"head_config": {"opening": 1, "listening": 5, "proactiveness": 3, "resolution": 5, "hold": 2, "closing": 1}}}`,
		`{"ner": {"label_to_id": {"O": -1}}}`, `{"ner": {"id_to_label": {"00": "O"}}}`, `{"ner": {"label_to_id": {"a": 9000000000}}}`, `{"ner": null}`, `null`, `[]`, `{`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, described := range [][]Task{nil, {NER(nil), own}} {
			list, err := UnmarshalLabelMaps(data, described)
			if err != nil {
				continue
			}
			for _, task := range list {
				for _, head := range task.Heads {
					if len(head.Labels) == 0 {
						t.Errorf("%s: head %s has no labels", task.Name, head.Name)
					}
				}
			}
			written, err := MarshalLabelMaps(list)
			if err != nil {
				t.Fatal(err)
			}
			again, err := UnmarshalLabelMaps(written, described)
			if err != nil || !reflect.DeepEqual(again, list) {
				t.Errorf("again: %v, got %v, want %v", err, again, list)
			}
		}
	})
}

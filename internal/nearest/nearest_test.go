package nearest

import (
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	names := []string{"num_epochs", "batch_size", "eval_steps", "save_steps", "ner_path", "sync", "seed"}
	for wrong, want := range map[string]string{
		"num_epoch": "num_epochs", "numEpochs": "num_epochs", "batch": "batch_size", "ner": "ner_path", "snyc": "sync", "sedd": "seed",
		"sav_steps": "save_steps", "epochs": "", "s": "", "": "", "xyz": "",
	} {
		if got := Of(wrong, names); got != want {
			t.Errorf("%s: %q, want %q", wrong, got, want)
		}
	}
	if got := Of("a", []string{"b", "c"}); got != "" {
		t.Errorf("of two as near: %q", got)
	}
	if got := Of("eval", []string{"eval_steps", "eval_size"}); got != "" {
		t.Errorf("of two that begin so: %q", got)
	}
}

func TestSharing(t *testing.T) {
	names := []string{"max_length", "num_epochs", "model_dir", "test_size", "validation_size", "lr_scheduler"}
	for wrong, want := range map[string][]string{
		"max_len": {"max_length"}, "epochs": {"num_epochs"}, "model_directory": {"model_dir"}, "num_train_epochs": {"num_epochs"},
		"size": {"test_size", "validation_size"}, "dir_model": nil, "si": nil, "length_max": nil,
	} {
		if got := Sharing(wrong, names); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", wrong, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"é", "e", 1}} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

package label

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// What infer's flags can't say is found too: other programs fill in the options.
func TestOptionsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"":                     func(*Options) {},
		"give a call":          func(o *Options) { o.Texts = nil },
		"--text and --input":   func(o *Options) { o.Input = []string{"calls.txt"} },
		"--qa-threshold is 0;": func(o *Options) { o.Threshold = 0 },
		"--batch-size is 0;":   func(o *Options) { o.BatchSize = 0 },
		"--input-format is ":   func(o *Options) { o.InputFormat = "xml" },
		"--format is ":         func(o *Options) { o.Format = "" },
		"--precision is ":      func(o *Options) { o.Precision = "fp64" },
		"--shard is 3/2;":      func(o *Options) { o.Shard = Shard{3, 2} },
		"--shard is -1/2;":     func(o *Options) { o.Shard = Shard{-1, 2} },
		"--shard is 0/-1;":     func(o *Options) { o.Shard = Shard{0, -1} },
	} {
		o := Defaults()
		o.Model, o.Texts = "none", []string{"Hello"}
		change(&o)
		err := o.Check()
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrOptions) || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%+v: error %v, want %q", o, err, want)
		}
		if _, got := Run(t.Context(), o, Streams{}); want != "" && !errors.Is(got, ErrOptions) || want == "" && CauseOf(got) != BadModel {
			t.Errorf("Run: %+v: error %v", o, got)
		}
	}
}

func TestNoSuccessYet(t *testing.T) {
	if _, err := ReadSuccess(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

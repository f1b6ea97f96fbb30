package tracking

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanKey(t *testing.T) {
	for name, want := range map[string]string{
		"train/loss_ner": "train/loss_ner", "val.x-y z": "val.x-y z", "ümläut 2": "ümläut 2",
		"a:b%c#d": "a_b_c_d", "/abs//x/": "abs/x", "../../up": "up", "a/./b/../c": "a/c",
		"": "", ".": "", "/": "", "..": "", "\xff\n": "__", "a\\b": "a_b",
		strings.Repeat("é", 300): strings.Repeat("é", 250), strings.Repeat("x", 249) + "/yy": strings.Repeat("x", 249),
	} {
		if got := cleanKey(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzCleanKey(f *testing.F) {
	f.Add("train/loss")
	f.Add("../a/\xff:")
	f.Fuzz(func(t *testing.T, name string) {
		key := cleanKey(name)
		if cleanKey(key) != key || utf8.RuneCountInString(key) > maxKeyLength || strings.HasPrefix(key, "/") || strings.Contains("/"+key+"/", "/../") {
			t.Errorf("%q becomes %q", name, key)
		}
	})
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abc", 2, "ab"}, {"üüü", 2, "üü"}, {"üü", 3, "üü"}, {"", 0, ""}, {"a\xffb", 5, "a\uFFFDb"}} {
		if got := cut(test.text, test.n); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// No key may be another's folder, in whatever order they come.
func TestKeySpace(t *testing.T) {
	keys := newKeySpace("old/key")
	for _, step := range []struct {
		name, key string
		renamed   bool
	}{
		{"val", "val", false}, {"val/avg", "val_avg", true}, {"val/avg", "val_avg", false},
		{"train/loss", "train/loss", false}, {"train", "train_", true}, {"train/loss/x/y", "train/loss_x/y", true},
		{"old/key", "old/key", false}, {"old", "old_", true}, {"a%", "a_", true}, {"", "", true}, {"", "", false}, {"//", "", true}, {"//", "", false},
	} {
		if key, renamed := keys.resolve(step.name); key != step.key || renamed != step.renamed {
			t.Errorf("%q: %q %v, want %q %v", step.name, key, renamed, step.key, step.renamed)
		}
	}
}

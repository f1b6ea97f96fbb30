package cli

import (
	"bytes"
	"testing"
)

func TestMistakesAreExplained(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-model", "x"}, `many: unknown flag -model, did you mean "--model"?; see many --help`},
		{[]string{"-model=x"}, `many: unknown flag -model, did you mean "--model"?; see many --help`},
		{[]string{"--model", "m", "-fromat", "text"}, `many: unknown flag -fromat, did you mean "--format"?; see many --help`},
		{[]string{"-zzz"}, `many: unknown flag -zzz: a flag's name has two dashes before it; see many --help`},
		{[]string{"snyc", "x"}, `many: unexpected argument snyc, did you mean "sync"?; see many --help`},
		{[]string{"x"}, `many: unexpected argument x; see many --help`},
	} {
		var out, errs bytes.Buffer
		if code := Main("many", "", &many{}, c.args, Streams{Out: &out, Err: &errs}); code != Misuse || errs.String() != c.want+"\n" {
			t.Errorf("%q: code %d, stderr %q; want %q", c.args, code, errs.String(), c.want)
		}
	}
}

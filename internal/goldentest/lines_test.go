package goldentest

import "testing"

func TestAlikeLines(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"{\"p\":0.5}\n", "{\"p\":0.500001}\n", true},
		{"{\"p\":0.5}\n", "{\"p\":0.6}\n", false},
		{"{\"l\":\"a\"}\n", "{\"l\":\"b\"}\n", false},
		{"{\"p\":1}\n{\"p\":2}\n", "{\"p\":1}\n", false},
		{"{\"p\":1}\n{\"p\":2}\n", "{\"p\":2}\n{\"p\":1}\n", false},
		{"no JSON\n", "no JSON\n", true},
		{"no JSON\n", "none\n", false},
	} {
		if got := AlikeLines(test.a, test.b); got != test.want {
			t.Errorf("%q and %q: %v", test.a, test.b, got)
		}
	}
}

func TestWithoutWarnings(t *testing.T) {
	const failed = "infer: the model's fault: warning: none\n"
	if got := WithoutWarnings("infer: warning: slow\n" + failed + "eval: warning: b\n"); got != failed {
		t.Errorf("%q", got)
	}
}

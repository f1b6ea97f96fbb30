package main

import (
	"strings"
	"testing"
)

func TestRewrite(t *testing.T) {
	const source = `void atg__a(tensor *out__, tensor self) {
  PROTECT(
    auto outputs__ = torch::_a(*self);
  )
}

void atg__b(tensor *out__) {
  PROTECT(
    auto outputs__ = torch::_other();
  )
}

void atg__c(tensor *out__) {
}

void atg__c(tensor *out__) {
}
`
	tests := []struct {
		name     string
		operator string
		want     string // the changed line; an error when empty
	}{
		{"the body goes, the rest stays", "_a", "    throw 1;"},
		{"another call than expected", "_b", ""},
		{"another form than expected", "_c", ""},
		{"no such wrapper", "_d", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := wrapper(test.operator, "\n    throw 1;").rewrite(source)
			if test.want == "" {
				if err == nil {
					t.Errorf("no error, but\n%s", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(source, "    auto outputs__ = torch::_a(*self);", test.want, 1); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestRewriteRefusesTwoPlaces(t *testing.T) {
	p := patch{pattern: `(a)(b)(c)`, expect: "b"}
	if got, err := p.rewrite("abc abc"); err == nil {
		t.Errorf("no error, but %q", got)
	}
}

func TestRewriteOfAllPlaces(t *testing.T) {
	p := patch{pattern: `(a)(b+)(c)`, expect: "b", text: "xyz", all: true}
	if got, err := p.rewrite("abc, abbbc"); err != nil || got != "axyzc, axyzc" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := p.rewrite("ac"); err == nil {
		t.Errorf("no error, but %q", got)
	}
}

// A second run over a patched file must fail: its expected text is gone.
func TestPatchesAreNotAppliedTwice(t *testing.T) {
	const source = "void atg__scaled_mm(tensor *out__) {\n  PROTECT(\n    torch::_scaled_mm();\n  )\n}\n"
	for _, p := range patches {
		if p.expect != "torch::_scaled_mm(" {
			continue
		}
		once, err := p.rewrite(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.rewrite(once); err == nil {
			t.Errorf("no error for a file that is patched already:\n%s", once)
		}
		return
	}
	t.Error("no patch of _scaled_mm")
}

package report

import (
	"slices"
	"testing"
)

// TestResample computes the headline's figures for all records, and for draws of them.
func TestResample(t *testing.T) {
	for name, o := range map[string]Outputs{"token": tokenCase(), "classes": classCase(), "flags": flagCase()} {
		names, of, err := Resample(o, Options{})
		if err != nil {
			t.Fatal(err)
		}
		everything := all(len(o.Records))
		for i, f := range report(t, o, Options{}).Headline {
			equal(t, name+" "+f.Name, of(everything)[i], f.Value)
			if names[i] != f.Name {
				t.Errorf("%s: figure %d is %s, in the headline %s", name, i, names[i], f.Name)
			}
		}
		once := slices.Clone(of([]int{0, 1}))
		if again := of([]int{0, 1, 0, 1}); !slices.Equal(once, again) {
			t.Errorf("%s: records drawn twice: %v, once %v", name, again, once)
		}
	}
	bad := classCase()
	bad.Heads = nil
	if _, _, err := Resample(bad, Options{}); err == nil {
		t.Error("no error for outputs without heads")
	}
}

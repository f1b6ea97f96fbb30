package label

import (
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
)

// Windows that share nothing are another setting than those that share what the model learnt.
func TestOverlapIsASetting(t *testing.T) {
	model := tinymodel.Dir(t, 1)
	of := func(overlap *int) Settings {
		s, err := Options{Model: model, Overlap: overlap}.settings("fp32", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	learnt, none, some := of(nil), of(new(0)), of(new(5))
	if learnt.differs(none) == "" || none.differs(some) == "" || learnt.differs(some) == "" || none.differs(of(new(0))) != "" {
		t.Errorf("settings %+v, %+v, %+v", learnt.Options, none.Options, some.Options)
	}
	if learnt.Options.Overlap != 0 || learnt.Options.NoOverlap {
		t.Errorf("as learnt: %+v; earlier shards have overlap 0", learnt.Options)
	}
}

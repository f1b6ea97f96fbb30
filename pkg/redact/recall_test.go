package redact

import (
	"slices"
	"testing"
)

func TestMeasure(t *testing.T) {
	r := newRedactor(t, Label, DefaultLabels()...)
	var results []Result
	var truth [][]Span
	for _, call := range []struct{ found, true string }{
		{"{NAME:Amina} and Juma, Amina", "{NAME:Amina} and {NAME:Juma}, {NAME:Amina}"},                                // Juma is missed, Amina repeated
		{"{LOCATION:Kisumu} 0712345678 now", "{LOCATION:Kisumu} {PHONE_NUMBER:0712345678} now"},                       // by a pattern
		{"a {NAME:girl} of {AGE:9}", "a {GENDER:girl} of {AGE:9}"},                                                    // too much; GENDER isn't replaced
		{"{NAME:Amina}'s of {LOCATION:Kisumu}, Kisumuni", "{NAME:Amina's} of {LOCATION:Kisumu}, {LOCATION:Kisumuni}"}, // endings stay
		{"{LOCATION:West} Pokot", "{LOCATION:West Pokot}"},                                                            // half
	} {
		text, spans := marked(call.found)
		same, gold := marked(call.true)
		if text != same {
			t.Fatal(text, same)
		}
		results, truth = append(results, r.Redact(text, spans)), append(truth, gold)
	}
	got := Measure(results, truth)
	want := []Recall{
		{"NAME", 4, 3, 2, 19, 15}, {"LOCATION", 4, 3, 2, 27, 22}, {"PHONE_NUMBER", 1, 1, 0, 10, 10}, {"AGE", 1, 1, 1, 1, 1}, {"", 10, 8, 5, 57, 48},
	}
	if !slices.Equal(got.Labels, want) || got.Calls != 5 || got.CallsCovered != 3 {
		t.Errorf("got %+v", got)
	}
	if got.Outside != 15 || got.OutsideReplaced != 4 {
		t.Errorf("outside: %d of %d", got.OutsideReplaced, got.Outside)
	}
	if s := got.Labels[0].Share(); s != 0.75 || (Recall{}).Share() != 0 {
		t.Error(s)
	}
}

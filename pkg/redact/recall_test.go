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
		{"{NAME:Amina} and Juma, Amina", "{NAME:Amina} and {NAME:Juma}, {NAME:Amina}"},          // Juma is missed, Amina repeated
		{"{LOCATION:Kisumu} 0712345678 now", "{LOCATION:Kisumu} {PHONE_NUMBER:0712345678} now"}, // by a pattern
		{"a {NAME:girl} of {AGE:9}", "a {GENDER:girl} of {AGE:9}"},                              // too much; GENDER isn't replaced
		{"{LOCATION:West} Pokot", "{LOCATION:West Pokot}"},                                      // half
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
		{"NAME", 3, 2, 1, 14, 10}, {"LOCATION", 2, 1, 1, 15, 10}, {"PHONE_NUMBER", 1, 1, 0, 10, 10}, {"AGE", 1, 1, 1, 1, 1}, {"", 7, 5, 3, 40, 31},
	}
	if !slices.Equal(got.Labels, want) || got.Calls != 4 || got.CallsCovered != 2 {
		t.Errorf("got %+v", got)
	}
	if got.Outside != 13 || got.OutsideReplaced != 4 {
		t.Errorf("outside: %d of %d", got.OutsideReplaced, got.Outside)
	}
	if s := got.Labels[0].Share(); s != 2.0/3 || (Recall{}).Share() != 0 {
		t.Error(s)
	}
}

package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func TestMainCategory(t *testing.T) {
	for sub, want := range map[string]string{
		"Drug/Alcohol Abuse":            "Advice and Counselling",
		"Legal issues":                  "Advice and Counselling",
		"Legal Issues":                  "Information",
		"legal issues":                  "Unknown",
		"School related issues":         "Advice and Counselling",
		"School Related Issues":         "Information",
		"Student/ Teacher Relationship": "Advice and Counselling",
		"Student/Teacher Relationship":  "Unknown",
		"Other":                         "Child Maintenance & Custody",
		"Spinal bifida":                 "Disability",
		"Physical Violence":             "GBV",
		"Child Abuse":                   "Information",
		"Physical Abuse":                "VANE",
		"Feeding & Food preparation":    "Nutrition",
		"OCSEA":                         "VANE",
		"Cyberbullying":                 "Unknown",
		"Bullying ":                     "Unknown",
		"":                              "Unknown",
	} {
		if got := MainCategory(sub); got != want {
			t.Errorf("%q: got %q, want %q", sub, got, want)
		}
	}
}

// The case system's table has 66 sub-categories; the digest is that of its
// lines "main category, tab, sub-category", sorted.
func TestTableIsTheCaseSystems(t *testing.T) {
	var rows []string
	for _, sub := range SubCategories() {
		if main := MainCategory(sub); main != UnknownCategory {
			rows = append(rows, main+"\t"+sub+"\n")
		}
	}
	if len(rows) != 66 {
		t.Errorf("%d sub-categories with a main category, want 66", len(rows))
	}
	slices.Sort(rows)
	hash := sha256.Sum256([]byte(strings.Join(rows, "")))
	if got, want := hex.EncodeToString(hash[:]), "d122c40f603d7e58615aa91638b0584fc8e70544006a52675e3f4a15f955e105"; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestLabelCounts(t *testing.T) {
	mains := map[string]bool{}
	for _, sub := range SubCategories() {
		mains[MainCategory(sub)] = true
	}
	if len(mains) != 8 {
		t.Errorf("%d main categories, want 8", len(mains))
	}
	for what, c := range map[string]struct {
		labels []string
		want   int
	}{
		"sub-categories": {SubCategories(), 77},
		"interventions":  {Interventions(), 16},
		"priorities":     {Priorities(), 3},
	} {
		sorted := slices.Sorted(slices.Values(c.labels))
		if distinct := len(slices.Compact(sorted)); distinct != c.want || len(c.labels) != c.want {
			t.Errorf("%s: %d, of which %d are distinct; want %d", what, len(c.labels), distinct, c.want)
		}
	}
	if !slices.IsSorted(SubCategories()) {
		t.Error("sub-categories aren't in byte order")
	}
}

package evaluate

import (
	"os"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
)

func TestHeldOut(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	o := options(t, "qa", qaFile)
	o.HeldOut = true
	for list, want := range map[string]struct {
		records int
		scope   string
	}{
		"record,share\n3,validation\n5,validation\n7,test\n":         {1, "test records of qa/held_out_qa.csv"},
		"record,share\n3,validation\n5,validation\n":                 {2, "validation records of qa/held_out_qa.csv"},
		"record,share,x\n3,validation,\n5,test,\n7,test,\n5,test,\n": {2, "test records of qa/held_out_qa.csv"},
		"x,record\n,3\n,4\n,24\n":                                    {3, "records of qa/held_out_qa.csv"},
	} {
		write(t, "qa/held_out_qa.csv", list)
		got := score(t, o)
		if n, scope := got.Reports[0].Records, got.Scored["qa"].Records; n != want.records || scope != want.scope {
			t.Errorf("%q: scored %d, %q; want %d, %q", list, n, scope, want.records, want.scope)
		}
		by := options(t, "qa", qaFile)
		by.Records = "qa/held_out_qa.csv"
		sameFigures(t, score(t, by), got)
	}
	// A directory's name may hold what file patterns give a meaning.
	if err := os.Rename("qa", "qa[1]*"); err != nil {
		t.Fatal(err)
	}
	o.Model = "qa[1]*"
	if got := score(t, o); got.Reports[0].Records == 24 {
		t.Error("all records were scored")
	}
	if err := os.Rename("qa[1]*", "a+b"); err != nil {
		t.Fatal(err)
	}
	if got := score(t, options(t, "a+b", qaFile)); got.Model != "a+b" {
		t.Errorf("model %q", got.Model)
	}
}

// TestCompareHeldOut has models that held out other records: it is said.
func TestCompareHeldOut(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	write(t, "fusion/held_out_qa.csv", "record,share\n1,test\n2,test\n3,test\n")
	write(t, "qa/held_out_qa.csv", "record,share\n3,test\n4,test\n5,test\n")
	o := options(t, "fusion", qaFile)
	o.Compare, o.Tasks, o.HeldOut = []string{"qa"}, []string{"qa"}, true
	var page strings.Builder
	if err := mustRun(t, o).Markdown(&page); err != nil {
		t.Fatal(err)
	}
	if want := "**Not the same records**: qa was scored on 3, of which the models share 1."; !strings.Contains(page.String(), want) {
		t.Errorf("%q is missing in %s", want, page.String())
	}
}

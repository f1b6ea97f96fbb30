package distill

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// A teacher that isn't finite is refused, and one whose answers aren't teaches nothing.
func TestTeacherThatIsNotFinite(t *testing.T) {
	for _, task := range []tasks.Task{testTasks()[0], tasks.QA()} {
		records := loadRecords(t, testRecords(), task)
		dir := teacherDir(t, cased(t), 1, 32, task)
		tinymodel.Spoil(t, dir, task.Heads[0].Param+".bias")
		_, err := Open(dir, task, gotch.CPU)
		if err == nil || !strings.Contains(err.Error(), fusion.SafetensorsFile+": tensor "+task.Heads[0].Param+".bias holds an infinity or a NaN") {
			t.Errorf("error %v", err)
		}

		dir = teacherDir(t, cased(t), 1, 32, task)
		tinymodel.OverflowAlways(t, dir)
		cache := t.TempDir()
		_, _, err = open(t, dir, task).Logits(t.Context(), records, cache, nil)
		if !errors.Is(err, fusion.ErrNotFinite) || !strings.Contains(err.Error(), "text 1 of 3") || strings.Contains(err.Error(), "Amina") {
			t.Errorf("error %v", err)
		}
		if entries, err := os.ReadDir(cache); err != nil || len(entries) > 0 {
			t.Errorf("the cache holds %v, %v", entries, err)
		}
	}
}

package trainer

import (
	"bufio"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/sugarme/gotch/ts"
)

// holdings are what a process holds.
type holdings struct {
	tensors, goroutines int
	memory              float64 // bytes that are in RAM
}

// held frees what is only waiting to be freed, and measures the rest.
func held(t *testing.T) holdings {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); fields[0] == "VmRSS:" {
			kilobytes, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return holdings{len(ts.ExistingTensors), runtime.NumGoroutine(), 1024 * kilobytes}
		}
	}
	t.Fatal("no VmRSS")
	return holdings{}
}

// Over 2,000 steps and 20 epochs, with validation, saving and states, a run
// holds no more than after the first epochs.
func TestLongRunsHoldNoMore(t *testing.T) {
	const epochs, warm = 20, 4
	before := held(t)
	dir := t.TempDir()
	tr, _ := toy(t, epochs)
	tr.Train = toyLoaders(toyTasks(), 167) // 34 batches of each task
	tr.build(t)
	model := held(t).tensors - before.tensors
	at := map[int]holdings{}
	tr.saveState = func() error {
		err := tr.Trainer.SaveState(dir, State{})
		if ends := tr.Progress().epochEnds(); ends && at[tr.History().Completed] == (holdings{}) {
			at[tr.History().Completed] = held(t)
		}
		return err
	}
	run(t, tr)
	first, last := at[warm], at[epochs]
	if steps := tr.Progress().Step; steps != 2040 {
		t.Fatalf("%d steps", steps)
	}
	t.Logf("after %d epochs %+v, after %d %+v", warm, first, epochs, last)
	if last.tensors != first.tensors {
		t.Errorf("%d tensors after %d epochs, %d after %d", first.tensors, warm, last.tensors, epochs)
	}
	if last.goroutines != first.goroutines {
		t.Errorf("%d goroutines after %d epochs, %d after %d", first.goroutines, warm, last.goroutines, epochs)
	}
	if change := last.memory/first.memory - 1; math.Abs(change) > 0.02 {
		t.Errorf("memory went from %.0f to %.0f bytes: %+.1f %%", first.memory, last.memory, 100*change)
	}
	if left := held(t).tensors - before.tensors; left != model {
		t.Errorf("%d tensors are left beside the model's and the optimizer's %d", left-model, model)
	}
}

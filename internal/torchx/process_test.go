package torchx_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/torchx"
)

func TestDevice(t *testing.T) {
	if d, err := torchx.Device("cpu"); err != nil || d != gotch.CPU || torchx.DeviceName(d) != "cpu" {
		t.Errorf("cpu: %v, %v", d, err)
	}
	auto, err := torchx.Device("auto")
	if err != nil {
		t.Errorf("auto: %v", err)
	}
	for _, spec := range []string{"", "gpu", "cpu:0", "cuda:", "cuda:-1", "cuda:x", "auto:1", "CUDA"} {
		if _, err := torchx.Device(spec); err == nil || !strings.Contains(err.Error(), "want auto, cpu, cuda or cuda:N") {
			t.Errorf("%q: %v", spec, err)
		}
	}

	cuda, err := torchx.Device("cuda")
	switch {
	case auto != gotch.CPU: // a machine with a GPU
		if err != nil || cuda != auto || torchx.DeviceName(cuda) != "cuda:0" {
			t.Errorf("cuda: %v, %v; auto found %v", cuda, err, auto)
		}
	case err == nil:
		t.Error("cuda: no error, but auto found no GPU")
	case !strings.HasPrefix(err.Error(), `device "cuda": `) || !strings.Contains(err.Error(), "--device cpu") || strings.Contains(err.Error(), "\n"):
		t.Errorf("cuda: error %q doesn't say in a line what to do", err)
	}
	if _, err := torchx.Device("cuda:99"); err == nil || !strings.HasPrefix(err.Error(), `device "cuda:99": `) {
		t.Errorf("cuda:99: %v", err)
	}
}

func TestConfigure(t *testing.T) {
	before := torchx.Threads()
	torchx.Configure(1)
	if got := torchx.Threads(); got != 1 {
		t.Errorf("%d threads, want 1", got)
	}
	torchx.Configure(before)
	torchx.Configure(0)
	if got := torchx.Threads(); got != before {
		t.Errorf("%d threads, want %d as before", got, before)
	}
}

// What one thread freed the next one uses: sixteen threads that each kept their
// 32 MB would show as 512 MB.
func TestThreadsShareFreedMemory(t *testing.T) {
	torchx.Configure(0)
	data := make([]float32, 4<<20)
	before := residentMB(t)
	turn := make(chan struct{}, 1)
	done := make(chan error)
	for range 16 {
		go func() {
			runtime.LockOSThread() // and end with it, so that each has its own
			turn <- struct{}{}
			s := torchx.Inference(gotch.CPU)
			x := s.Float32s(data, int64(len(data)))
			s.Add(x, x)
			err := s.Close()
			<-turn
			done <- err
		}()
	}
	for range 16 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if grown := residentMB(t) - before; grown > 300 {
		t.Errorf("sixteen threads, one after another, grew the process by %d MB", grown)
	}
}

// The calling goroutine's thread stays on one processor if libtorch uses all of them and its
// threads don't sleep at once; threads of other goroutines don't.
func TestLockThread(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	before := torchx.Threads()
	defer torchx.Configure(before)
	for _, test := range []struct {
		waiting       string
		threads, want int
	}{
		{"active", all.Count(), 1}, {"passive", all.Count(), all.Count()}, {"active", all.Count() + 1, all.Count()},
	} {
		t.Setenv("OMP_WAIT_POLICY", test.waiting)
		t.Setenv("OMP_PROC_BIND", "") // restored afterwards
		os.Unsetenv("OMP_PROC_BIND")
		mine, other := affinity(t, func() { torchx.Configure(test.threads) }), affinity(t, func() {})
		if mine.Count() != test.want || other != all {
			t.Errorf("%+v: %d processors for the locked thread and %d for another, of %d", test, mine.Count(), other.Count(), all.Count())
		}
	}
}

// affinity returns the processors of a new thread after lock.
func affinity(t *testing.T, lock func()) (set unix.CPUSet) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		lock()
		done <- unix.SchedGetaffinity(0, &set)
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return set
}

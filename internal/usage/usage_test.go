package usage

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestCPUTime(t *testing.T) {
	before, err := CPUTime()
	if err != nil {
		t.Fatal(err)
	}
	for now := before; now < before+time.Millisecond; {
		if now, err = CPUTime(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForgetPeak(t *testing.T) {
	const size = 64 << 20
	func() {
		block := make([]byte, size)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		runtime.KeepAlive(block)
	}()
	before, err := PeakMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory()
	if err := ForgetPeak(); err != nil {
		t.Fatal(err)
	}
	if after, err := PeakMemory(os.Getpid()); err != nil || after > before-size/2 {
		t.Errorf("%d bytes, error %v; before %d", after, err, before)
	}
}

func TestPeakMemory(t *testing.T) {
	const size = 64 << 20
	before, err := PeakMemory(os.Getpid())
	if err != nil || before <= 0 {
		t.Fatalf("%d bytes, error %v", before, err)
	}
	block := make([]byte, before+size)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	if after, err := PeakMemory(os.Getpid()); err != nil || after < before+size {
		t.Errorf("%d bytes, error %v; want %d and more", after, err, before+size)
	}
	if _, err := PeakMemory(-1); err == nil {
		t.Error("a process that can't be has a peak")
	}
}

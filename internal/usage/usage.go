// Package usage measures what processes take, for benchmarks and tests.
package usage

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// CPUTime returns the processor time of this process so far, of all threads together.
// Other processes' load hardly affects it.
func CPUTime() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("read the processor time used: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}

// ForgetPeak makes [PeakMemory] of this process count from here on.
func ForgetPeak() error {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("reset the peak memory: %w", err)
	}
	return nil
}

// PeakMemory returns the largest resident memory of a process so far, in bytes.
func PeakMemory(pid int) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read the peak memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read the peak memory: %s: %w", path, err)
			}
			return kB << 10, nil
		}
	}
	return 0, fmt.Errorf("read the peak memory: %s has no VmHWM", path)
}

// Package report is what the benchmarks share to tell what they found, and where.
package report

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is where a run was made. What can't be read stays zero.
type Machine struct {
	CPU        string  `json:"cpu"`
	Cores      int     `json:"cores"`
	MemoryGB   float64 `json:"memory_gb"`
	LoadBefore float64 `json:"load_before"` // mean number of running threads in the minute before
	LoadAfter  float64 `json:"load_after"`
	WaitPolicy string  `json:"omp_wait_policy"`         // of OpenMP's threads
	SpinCount  string  `json:"gomp_spincount,omitzero"` // how long they spin before they sleep

	Instructions []string `json:"instructions,omitzero"`       // sets of the processor that matter here
	Limit        string   `json:"instructions_up_to,omitzero"` // the last one that the programs were told to use
}

// ThisMachine looks at this machine, before a run.
func ThisMachine() Machine {
	kb, _ := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 64)
	return Machine{CPU: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), MemoryGB: kb * 1024 / 1e9, LoadBefore: Load(),
		WaitPolicy: os.Getenv("OMP_WAIT_POLICY"), SpinCount: os.Getenv("GOMP_SPINCOUNT"), Instructions: instructions(field("/proc/cpuinfo", "flags"))}
}

// field returns the value of the first line "name: value".
func field(path, name string) string {
	data, _ := os.ReadFile(path)
	for line := range strings.Lines(string(data)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Load is the number of running threads, a mean over the last minute.
func Load() float64 {
	data, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(data), " ")
	value, _ := strconv.ParseFloat(first, 64)
	return value
}

package sysmetrics

import (
	"context"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestMachine: the numbers of made-up counters.
func TestMachine(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no nvidia-smi
	proc := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(proc, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const head = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
	write("stat", "cpu  1000 200 300 4000 500 10 20 30 400 50\ncpu0 1000 200 300 4000 500 10 20 30 400 50\nctxt 1\nbtime 1\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n")
	write("meminfo", "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:   12000000 kB\n")
	write("net/dev", head+"    lo: 1000000 1 0 0 0 0 0 0 1000000 1 0 0 0 0 0 0\n  eth0: 5000000 1 0 0 0 0 0 0 2000000 1 0 0 0 0 0 0\n")
	if err := os.Symlink(proc, filepath.Join(proc, "self")); err != nil {
		t.Fatal(err)
	}
	m, err := newMachine(proc, "/")
	if err != nil {
		t.Fatal(err)
	}
	// 300 ticks more, of which 75 are idle or wait; guests' are counted in user.
	write("stat", "cpu  1150 210 350 4050 525 14 20 41 500 60\ncpu0 1150 210 350 4050 525 14 20 41 500 60\nctxt 1\nbtime 1\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n")
	write("net/dev", head+"    lo: 1000000 1 0 0 0 0 0 0 1000000 1 0 0 0 0 0 0\n  eth0: 8000000 1 0 0 0 0 0 0 2500000 1 0 0 0 0 0 0\n")
	got := m.sample(t.Context())
	for name, want := range map[string]float64{
		"cpu_utilization_percentage": 75, "system_memory_usage_megabytes": 4096, "system_memory_usage_percentage": 25,
		"network_receive_megabytes": 3, "network_transmit_megabytes": 0.5,
	} {
		if math.Abs(got[name]-want) > 1e-9 {
			t.Errorf("%s is %g, want %g", name, got[name], want)
		}
	}
	want := []string{
		"cpu_utilization_percentage", "disk_available_megabytes", "disk_usage_megabytes", "disk_usage_percentage", "network_receive_megabytes",
		"network_transmit_megabytes", "system_memory_usage_megabytes", "system_memory_usage_percentage",
	}
	if names := slices.Sorted(maps.Keys(got)); !reflect.DeepEqual(names, want) {
		t.Errorf("metrics %v, want %v", names, want)
	}
	if p := got["disk_usage_percentage"]; p <= 0 || p > 100 {
		t.Errorf("%g %% of the disk", p)
	}
}

// TestWatch: means of several samples, networks' last count, steps that go on.
func TestWatch(t *testing.T) {
	ticks := make(chan time.Time)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0.
	sample := func(context.Context) map[string]float64 {
		n++
		return map[string]float64{"cpu": n, "network_receive_megabytes": 10 * n}
	}
	logged := make(chan map[string]float64)
	steps := make(chan int64, 2)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watch(ctx, Options{Samples: 2, Node: "node_1", First: 5}, ticks, sample, func(step int64, values map[string]float64) {
			steps <- step
			logged <- values
		})
	}()
	for i, want := range []map[string]float64{
		{"system/node_1/cpu": 1.5, "system/node_1/network_receive_megabytes": 20},
		{"system/node_1/cpu": 3.5, "system/node_1/network_receive_megabytes": 40},
	} {
		ticks <- time.Time{}
		ticks <- time.Time{}
		if got := <-logged; !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if step := <-steps; step != int64(5+i) {
			t.Errorf("step %d", step)
		}
	}
	cancel()
	<-ended
}

func TestFromEnv(t *testing.T) {
	standard := Options{Interval: 10 * time.Second, Samples: 1}
	for name, test := range map[string]struct {
		env     map[string]string
		enabled bool
		want    Options
		fails   bool
	}{
		"nothing":       {nil, false, standard, false},
		"configuration": {nil, true, Options{true, 10 * time.Second, 1, "", 0}, false},
		"on":            {map[string]string{"MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "True"}, false, Options{true, 10 * time.Second, 1, "", 0}, false},
		"off":           {map[string]string{"MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "0"}, true, standard, false},
		"details": {map[string]string{"MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "0.5", "MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING": "3", "MLFLOW_SYSTEM_METRICS_NODE_ID": "n"},
			true, Options{true, time.Second / 2, 3, "n", 0}, false},
		"no switch":   {map[string]string{"MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "maybe"}, false, standard, true},
		"no interval": {map[string]string{"MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "NaN"}, false, standard, true},
		"no samples":  {map[string]string{"MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING": "0"}, false, standard, true},
	} {
		got, err := FromEnv(test.enabled, func(name string) string { return test.env[name] })
		if (err != nil) != test.fails || err == nil && got != test.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestNvidia asks a program that answers as nvidia-smi does.
func TestNvidia(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	script := "#!/bin/sh\n[ \"$2\" = --format=csv,noheader,nounits ] || exit 1\necho '0, 40000, 80000, 97, 350.50, 700.00'\necho '1, 0, 80000, [N/A], [N/A], [N/A]'\n"
	if err := os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := nvidia(t.Context())
	want := map[string]float64{
		"gpu_0_memory_usage_megabytes": 41943.04, "gpu_0_memory_usage_percentage": 50, "gpu_0_utilization_percentage": 97,
		"gpu_0_power_usage_watts": 350.5, "gpu_0_power_usage_percentage": 100 * 350.5 / 700,
		"gpu_1_memory_usage_megabytes": 0, "gpu_1_memory_usage_percentage": 0,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func FuzzParseNvidia(f *testing.F) {
	for _, text := range []string{"", "0, 1, 2, 3, 4, 5\n", "0, [N/A], 2, 3, 4, 5\n", "x", "NVIDIA-SMI has failed", "-1,1,1,1,1,1", "0,NaN,1,Inf,1,1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseNvidia(text)
		for name, value := range values {
			if err != nil || math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
				t.Errorf("%s is %g, %v", name, value, err)
			}
		}
	})
}

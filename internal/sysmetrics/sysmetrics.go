// Package sysmetrics measures what a machine uses, under the names and in the units of
// MLflow's system metrics: processor, memory, disk and network of the whole machine, and
// NVIDIA GPUs. It reads /proc and asks nvidia-smi.
package sysmetrics

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Prefix of the metrics' names; MLflow's page has a section for it.
const Prefix = "system/"

// Options say whether and how often to measure.
type Options struct {
	Enabled  bool
	Interval time.Duration // between samples
	Samples  int           // of which the mean is logged
	Node     string        // part of the names, to tell several machines apart; may be ""
	First    int64         // step of the first point
}

// FromEnv returns the options that MLflow's variables and the configuration, for which
// enabled stands, say. The defaults are MLflow's: the mean of one sample each 10 seconds.
func FromEnv(enabled bool, getenv func(name string) string) (Options, error) {
	o := Options{Enabled: enabled, Interval: 10 * time.Second, Samples: 1, Node: getenv("MLFLOW_SYSTEM_METRICS_NODE_ID")}
	if value := getenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"); value != "" {
		switch strings.ToLower(value) {
		case "true", "1":
			o.Enabled = true
		case "false", "0":
			o.Enabled = false
		default:
			return o, fmt.Errorf("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: want true or false, got %q", value)
		}
	}
	if value := getenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"); value != "" {
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil || !(seconds >= 0.01 && seconds <= 86400) {
			return o, fmt.Errorf("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: want seconds from 0.01 to 86400, got %q", value)
		}
		o.Interval = time.Duration(seconds * float64(time.Second))
	}
	if value := getenv("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING"); value != "" {
		samples, err := strconv.Atoi(value)
		if err != nil || samples < 1 {
			return o, fmt.Errorf("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING: want a number from 1, got %q", value)
		}
		o.Samples = samples
	}
	return o, nil
}

// Watch calls log with the metrics and their step from a goroutine, until stop is called,
// which waits for the last call. The first is after one interval: processor time is only
// known between two moments.
func Watch(o Options, log func(step int64, values map[string]float64)) (stop func(), err error) {
	m, err := newMachine("/proc", "/")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ticks := time.NewTicker(o.Interval)
	var watching sync.WaitGroup
	watching.Go(func() {
		defer ticks.Stop()
		watch(ctx, o, ticks.C, m.sample, log)
	})
	return func() {
		cancel()
		watching.Wait()
	}, nil
}

// watch samples at each tick until ctx is done. What can't be read is left out.
func watch(ctx context.Context, o Options, ticks <-chan time.Time, sample func(context.Context) map[string]float64, log func(step int64, values map[string]float64)) {
	prefix := Prefix
	if o.Node != "" {
		prefix += o.Node + "/"
	}
	for step := o.First; ; step++ {
		sums, counts, last := map[string]float64{}, map[string]int{}, map[string]float64{}
		for range o.Samples {
			select {
			case <-ctx.Done():
				return
			case <-ticks:
			}
			for name, value := range sample(ctx) {
				sums[name] += value
				counts[name]++
				last[name] = value
			}
		}
		if ctx.Err() != nil {
			return
		}
		values := map[string]float64{}
		for name, sum := range sums {
			values[prefix+name] = sum / float64(counts[name])
			if strings.HasPrefix(name, "network_") { // counted since the start
				values[prefix+name] = last[name]
			}
		}
		log(step, values)
	}
}

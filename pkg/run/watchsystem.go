package run

import (
	"fmt"
	"io"
	"os"

	"github.com/trident-nlp/trident/internal/sysmetrics"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/tracking"
)

// watchSystem logs what this machine uses until stop is called. MLflow's variables come
// before mlflow.system_metrics.
func watchSystem(to *tracking.Run, asked config.MLflow, stderr io.Writer) (stop func()) {
	o, err := sysmetrics.FromEnv(asked.SystemMetrics, os.Getenv)
	if err == nil && o.Enabled {
		o.First = to.NextStep(sysmetrics.Prefix)
		stop, err = sysmetrics.Watch(o, to.LogMetrics)
	}
	if err != nil {
		fmt.Fprintln(stderr, "train: warning: system metrics aren't logged:", err)
	}
	if stop == nil {
		return func() {}
	}
	return stop
}

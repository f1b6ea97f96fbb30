package run

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
)

func TestBackboneParam(t *testing.T) {
	c := config.Default(config.TaskQA)
	if got := backboneParam(c.Backbone); got != "distilbert-base-uncased" {
		t.Errorf("got %q", got)
	}
	c.Backbone.Init = config.InitRandom
	if got := backboneParam(c.Backbone); got != "random weights" {
		t.Errorf("without pretrained weights: got %q", got)
	}
}

func TestRegistryNeedsAServer(t *testing.T) {
	t.Setenv("MLFLOW_TRACKING_URI", "")
	asked := config.Default(config.TaskQA).MLflow
	asked.RegisterModel = "helpline"
	if err := checkTracker(asked); err == nil || !strings.Contains(err.Error(), "mlflow.register_model") {
		t.Errorf("with a folder: %v", err)
	}
	asked.TrackingURI = "http://127.0.0.1:5000"
	if err := checkTracker(asked); err != nil {
		t.Error(err)
	}
}

package run

import (
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

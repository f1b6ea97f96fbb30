package config

import (
	"strings"
	"testing"
)

func TestMLflow(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *Config)
		want   string // part of the error; "" for none
	}{
		"registered":      {func(c *Config) { c.MLflow.RegisterModel = "helpline calls" }, ""},
		"no alias":        {func(c *Config) { c.MLflow.RegisterModel, c.MLflow.Alias = "helpline", "" }, ""},
		"a path":          {func(c *Config) { c.MLflow.RegisterModel = "a/b" }, "mlflow.register_model"},
		"off":             {func(c *Config) { c.MLflow.RegisterModel, c.MLflow.Enabled = "a", false }, "mlflow.enabled"},
		"no model":        {func(c *Config) { c.MLflow.RegisterModel, c.MLflow.LogModel = "a", false }, "mlflow.log_model"},
		"a version":       {func(c *Config) { c.MLflow.Alias = "v3" }, "mlflow.alias"},
		"latest":          {func(c *Config) { c.MLflow.Alias = "latest" }, "mlflow.alias"},
		"another time":    {func(c *Config) { c.MLflow.SetAlias = "sometimes" }, "better or always or never"},
		"steps backwards": {func(c *Config) { c.MLflow.LogEverySteps = -1 }, "mlflow.log_every_steps"},
	} {
		c := Default(TaskMultitask)
		test.change(&c)
		err := c.Validate()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := Default(TaskPretrain)
	c.MLflow.RegisterModel = "a"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "mlflow.register_model") {
		t.Errorf("pretraining: %v", err)
	}
}

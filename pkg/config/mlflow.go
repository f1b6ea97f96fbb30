package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	// versionForm matches names that MLflow refuses as aliases: they read as versions.
	versionForm = regexp.MustCompile(`^[vV]?[0-9]+$`)
	aliasForm   = regexp.MustCompile(`^[0-9A-Za-z_-]{1,255}$`)
)

// checkMLflow checks the settings of tracking and of the model registry.
func (c Config) checkMLflow(check func(ok bool, key, want string, got any)) {
	m := c.MLflow
	check(m.LogEverySteps >= 0, "mlflow.log_every_steps", "0 or more", m.LogEverySteps)
	whens := []string{SetAliasBetter, SetAliasAlways, SetAliasNever}
	check(slices.Contains(whens, m.SetAlias), "mlflow.set_alias", strings.Join(whens, " or "), fmt.Sprintf("%q", m.SetAlias))
	check(m.Alias == "" || aliasForm.MatchString(m.Alias) && !versionForm.MatchString(m.Alias) && m.Alias != "latest", "mlflow.alias",
		"letters, digits, _ and -, but no version and not latest, such as champion", fmt.Sprintf("%q", m.Alias))
	if m.RegisterModel == "" {
		return
	}
	check(!strings.ContainsAny(m.RegisterModel, "/:@%'\"\\") && strings.TrimSpace(m.RegisterModel) == m.RegisterModel, "mlflow.register_model",
		"a name without / : @ % and quotes", fmt.Sprintf("%q", m.RegisterModel))
	check(m.Enabled && m.LogModel, "mlflow.register_model", "mlflow.enabled and mlflow.log_model beside it: the registry refers to the logged model", fmt.Sprintf("%q", m.RegisterModel))
	check(c.Task != TaskPretrain, "mlflow.register_model", "no name with task: pretrain, whose encoder has no answers", fmt.Sprintf("%q", m.RegisterModel))
}

package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/trident-nlp/trident/internal/nearest"
)

// oneDash matches a long flag with one dash, as in other programs.
var oneDash = regexp.MustCompile(`^-([A-Za-z][A-Za-z-]+)(=|$)`)

// explain gives a better message for two mistakes that the parser misreports: a long flag
// with one dash, and a misspelt subcommand.
func explain(err error, args []string, model *kong.Application, command Command) error {
	s, ok := command.(withSubcommands)
	if ok && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		if word := nearest.Of(args[0], s.Subcommands()); word != "" {
			return fmt.Errorf("unexpected argument %s, did you mean %q?", args[0], word)
		}
	}
	if !strings.HasPrefix(err.Error(), "unknown flag -") || strings.HasPrefix(err.Error(), "unknown flag --") {
		return err
	}
	for _, arg := range args {
		parts := oneDash.FindStringSubmatch(arg)
		if parts == nil {
			continue
		}
		var names []string
		for _, f := range model.Flags {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		}
		if name := nearest.Of(parts[1], names); name != "" {
			return fmt.Errorf("unknown flag -%s, did you mean \"--%s\"?", parts[1], name)
		}
		return fmt.Errorf("unknown flag -%s: a flag's name has two dashes before it", parts[1])
	}
	return err
}

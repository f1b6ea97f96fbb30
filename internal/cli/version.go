package cli

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// withLibtorch is a command linked to libtorch.
type withLibtorch interface{ Libtorch() string }

// version returns a command's version line: its version, commit, and the versions of Go
// and libtorch.
func version(name string, command Command, info *debug.BuildInfo, ok bool) string {
	if !ok {
		info = &debug.BuildInfo{}
	}
	text := name + " " + info.Main.Version
	if info.Main.Version == "" {
		text = name + " of no known version"
	}
	var commit, when string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.time":
			when, _, _ = strings.Cut(s.Value, "T")
		case s.Key == "vcs.modified" && s.Value == "true":
			when += ", modified since"
		}
	}
	if commit == "" {
		text += ", commit unknown (go build notes it in a clone, go run does not)"
	} else {
		text += fmt.Sprintf(", commit %s (%s)", commit, strings.TrimPrefix(when, ", "))
	}
	if info.GoVersion != "" {
		text += ", " + info.GoVersion
	}
	if c, ok := command.(withLibtorch); ok {
		text += ", libtorch " + c.Libtorch()
	}
	return text
}

// Package configs holds the configurations that come with Trident. The
// quickstart's is built into the commands, so that they run from any folder.
package configs

import _ "embed"

// Quickstart is quickstart.yaml.
//
//go:embed quickstart.yaml
var Quickstart []byte

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

const gotch = "github.com/sugarme/gotch"

// download returns the folder of Go's module cache that holds gotch in the version of ./go.mod, which it downloads
// when it is not there. The go command checks it against ./go.sum.
func download() (dir string, err error) {
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := goJSON(&mod, "mod", "edit", "-json"); err != nil {
		return "", fmt.Errorf("reading go.mod: %w", err)
	}
	for _, r := range mod.Require {
		if r.Path != gotch {
			continue
		}
		var got struct{ Dir, Error string }
		if err := goJSON(&got, "mod", "download", "-json", gotch+"@"+r.Version); err != nil {
			return "", fmt.Errorf("downloading %s %s: %w", gotch, r.Version, plainest(got.Error, err))
		}
		return got.Dir, nil
	}
	return "", fmt.Errorf("go.mod does not require %s", gotch)
}

// plainest prefers the go command's own words to its exit status.
func plainest(said string, err error) error {
	if said == "" {
		return err
	}
	return errors.New(said)
}

// goJSON decodes into v what the go command prints, outside any workspace: the workspace is what is being made.
func goJSON(v any, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return errors.Join(err, json.Unmarshal(out, v))
}

package tinymodel

import (
	"fmt"
	"testing"
)

// ForExample is [Dir] where there is no test: the model lies in a folder in dir, which
// the caller removes.
func ForExample(dir string, seed uint64) string { return Dir(example{dir: dir}, seed) }

// example is as much of a test as saving a model needs.
type example struct {
	testing.TB
	dir string
}

func (example) Helper()           {}
func (e example) TempDir() string { return e.dir }
func (example) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

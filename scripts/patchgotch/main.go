// Command patchgotch makes the copy of gotch that this repository builds with: the version that go.mod names, checked
// by go.sum, changed where it would not build against the libtorch beside it (../include and ../lib as seen from the
// copy's root). scripts/fetch_libtorch.sh runs it in the repository's root.
//
// Every change names what it expects to find. A gotch that differs is refused, so that no version is patched halfway.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	dst := flag.String("o", "", "the `folder` to make; it must not exist")
	flag.Parse()
	if *dst == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*dst); err != nil {
		fmt.Fprintln(os.Stderr, "patchgotch:", err)
		os.Exit(1)
	}
}

func run(dst string) error {
	if _, err := os.Lstat(dst); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s already exists: remove it first", dst)
	}
	src, err := download()
	if err != nil {
		return err
	}
	if err := copyModule(src, dst); err != nil {
		return fmt.Errorf("copying gotch from %s: %w", src, err)
	}
	for _, p := range patches {
		if err := p.apply(dst); err != nil {
			return fmt.Errorf("patching %s: %w", src, err)
		}
	}
	return nil
}

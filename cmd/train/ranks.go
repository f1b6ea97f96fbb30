package main

import (
	"fmt"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/ranks"
)

// place determines which process this is, of how many, and whether it has to start the
// others.
func (f *flags) place(env func(string) string) (p ranks.Place, spawn bool, err error) {
	spawned := env(ranks.Spawned) != ""
	switch {
	case f.Nproc < 0 || f.WorldSize < 0:
		return p, false, cli.Usagef("--nproc and --world-size want 1 or more")
	case f.Nproc > 0 && f.WorldSize > 0:
		return p, false, cli.Usagef("--nproc starts the processes, --world-size counts those that are started by hand: use one of them")
	case f.WorldSize == 0 && (f.Rank != 0 || f.Master != ""):
		return p, false, cli.Usagef("--rank and --master belong to --world-size")
	}
	p, err = ranks.Find(ranks.Flags{Rank: f.Rank, Size: f.WorldSize, Master: f.Master}, env)
	if err == nil && f.Nproc > 0 && !spawned {
		if !p.Alone() {
			return p, false, fmt.Errorf("--nproc starts processes itself, but this one is already rank %d of %d", p.Rank, p.Size)
		}
		p.Size, spawn = f.Nproc, f.Nproc > 1
	}
	return p, spawn, err
}

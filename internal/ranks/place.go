package ranks

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// ErrLaunch is returned, wrapped, if the environment's description of the processes is
// inconsistent: the program would train alone, or wait for processes that never appear.
var ErrLaunch = errors.New("several processes are announced, but they weren't started as such")

// Place is this process's position among the cooperating processes.
type Place struct {
	Rank, Size           int // among all; Size 1: alone
	LocalRank, LocalSize int // among those on this machine, as far as known
	Host                 string
	Port                 int    // of rank 0's store
	Agent                bool   // the launcher hosts the store, not rank 0
	Attempt              string // number of restarts by the launcher
}

// Alone reports whether there are no other processes.
func (p Place) Alone() bool { return p.Size <= 1 }

// Flags set the place by hand instead of by a scheduler.
type Flags struct {
	Rank   int    // from 0
	Size   int    // 0: from the environment
	Master string // host:port
}

// Find returns this process's place: from the flags, from the variables of torchrun and
// compatible launchers, or from Slurm's.
func Find(f Flags, env func(string) string) (Place, error) {
	e := environment{get: env}
	p := Place{Size: 1, LocalSize: 1}
	switch {
	case f.Size > 0:
		p = e.flags(f)
	case env("RANK") != "":
		p = e.torchrun()
	case e.number("WORLD_SIZE", 1) > 1:
		e.failf("WORLD_SIZE is %s, but RANK isn't set", env("WORLD_SIZE"))
	case e.nodes() > 1:
		e.failf("PET_NNODES announces %s nodes, but RANK isn't set: start the program under torchrun (torchrun --no-python train …), which reads PET_…", env("PET_NNODES"))
	case env("SLURM_PROCID") != "":
		p = e.slurm()
	}
	if e.err == nil {
		e.err = p.check()
	}
	p.LocalSize = max(1, min(p.LocalSize, p.Size))
	return p, e.err
}

// check refuses a place that can't be.
func (p Place) check() error {
	switch {
	case p.Size < 1 || p.Rank < 0 || p.Rank >= p.Size:
		return fmt.Errorf("%w: rank %d of %d processes: want a number from 0 to one less than there are", ErrLaunch, p.Rank, p.Size)
	case !p.Alone() && (p.Host == "" || p.Port < 1 || p.Port > 65535):
		return fmt.Errorf("%w: no place to meet: set MASTER_ADDR and MASTER_PORT to a name or address of rank 0's machine, and a free port on it", ErrLaunch)
	}
	return nil
}

// environment reads variables and keeps the first error.
type environment struct {
	get func(string) string
	err error
}

func (e *environment) failf(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("%w: %s", ErrLaunch, fmt.Sprintf(format, args...))
	}
}

// number returns a variable's value, or otherwise if it isn't set.
func (e *environment) number(name string, otherwise int) int {
	text := strings.TrimSpace(e.get(name))
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		e.failf("%s is %q: want a whole number", name, text)
	}
	return n
}

func (e *environment) flags(f Flags) Place {
	host, port, err := net.SplitHostPort(f.Master)
	n, bad := strconv.Atoi(port)
	if f.Size > 1 && (err != nil || bad != nil) {
		e.failf("--master %q: want host:port, of rank 0's machine", f.Master)
	}
	return Place{
		Rank: f.Rank, Size: f.Size, Host: host, Port: n,
		LocalRank: e.number("LOCAL_RANK", 0), LocalSize: e.number("LOCAL_WORLD_SIZE", 1),
	}
}

func (e *environment) torchrun() Place {
	p := Place{
		Rank: e.number("RANK", 0), Size: e.number("WORLD_SIZE", 0),
		LocalRank: e.number("LOCAL_RANK", 0), LocalSize: e.number("LOCAL_WORLD_SIZE", 1),
		Host: e.get("MASTER_ADDR"), Port: e.number("MASTER_PORT", 0),
		Agent: strings.EqualFold(e.get("TORCHELASTIC_USE_AGENT_STORE"), "true"), Attempt: e.get("TORCHELASTIC_RESTART_COUNT"),
	}
	if e.get("WORLD_SIZE") == "" {
		e.failf("RANK is %s, but WORLD_SIZE isn't set", e.get("RANK"))
	}
	// Kubeflow sets RANK to the pod's number.
	if each := e.get("PET_NPROC_PER_NODE"); each != "" && each != "1" && e.get("LOCAL_RANK") == "" {
		e.failf("PET_NPROC_PER_NODE announces %s processes a node, but LOCAL_RANK isn't set: start the program under torchrun (torchrun --no-python train …)", each)
	}
	return p
}

// nodes returns the maximum of PET_NNODES, such as 2 or 1:4.
func (e *environment) nodes() int {
	text := e.get("PET_NNODES")
	if text == "" {
		return 1
	}
	_, most, found := strings.Cut(text, ":")
	if !found {
		most = text
	}
	n, err := strconv.Atoi(strings.TrimSpace(most))
	if err != nil {
		e.failf("PET_NNODES is %q: want a number of nodes, or two as in 1:4", text)
	}
	return n
}

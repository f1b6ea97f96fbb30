package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/ranks"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// place finds out which of how many processes this is, and whether it shall start
// the others.
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

// train is a whole run, by this process alone or by several together.
func train(ctx context.Context, c config.Config, o options, streams cli.Streams) error {
	if o.place.Rank > 0 { // rank 0 speaks for all
		streams.Out, streams.Err = io.Discard, io.Discard
	}
	if o.place.Alone() || o.dryRun {
		return trainAs(ctx, c, o, nil, streams)
	}
	team, err := ranks.Join(ctx, o.place, time.Duration(c.Training.RankTimeoutMinutes*float64(time.Minute)))
	if err != nil {
		return err
	}
	broken := true
	defer func() {
		if broken { // a panic
			_ = team.Fail(errBroken)
		}
	}()
	err = trainAs(ctx, c, o, team, streams)
	broken = false
	if err != nil {
		return team.Fail(err)
	}
	return team.Close()
}

// inTurn is [ranks.Team.InTurn]; without a team it does nothing but f.
func inTurn(team *ranks.Team, f func() error) error {
	if team == nil {
		return f()
	}
	return team.InTurn(f)
}

// deviceOf is the device that was asked for; of several GPUs each process on a
// machine takes one of its own.
func deviceOf(o options) (gotch.Device, error) {
	device, err := torchx.Device(o.device)
	if err == nil && device != gotch.CPU && o.place.LocalRank > 0 && !strings.Contains(o.device, ":") {
		return torchx.Device(fmt.Sprintf("cuda:%d", o.place.LocalRank))
	}
	return device, err
}

// threads shares the machine's cores out among the processes on it, whatever
// OMP_NUM_THREADS says: torchrun sets it to 1.
func threads(c config.Config, p ranks.Place) int {
	if c.Training.Threads > 0 || p.Alone() {
		return c.Training.Threads
	}
	return max(1, runtime.GOMAXPROCS(0)/p.LocalSize)
}

// enlargeBatches makes batches those of all processes together.
func (d *data) enlargeBatches(processes int) {
	for _, list := range [][]datasets.Loader{d.train, d.val, d.test} {
		for i := range list {
			list[i].BatchSize *= processes
		}
	}
}

// agree refuses processes that don't train the same: another configuration, or
// another file on their machine.
func agree(team *ranks.Team, c config.Config, j job) error {
	mine, err := shaping(c, j.data, j.digests)
	if err != nil {
		return err
	}
	data, err := json.Marshal(mine)
	if err == nil {
		data, err = team.Share(data)
	}
	if err != nil {
		return err
	}
	var first map[string]string
	if err := json.Unmarshal(data, &first); err != nil {
		return fmt.Errorf("read rank 0's configuration: %w", err)
	}
	if list := changes(first, mine); len(list) > 0 {
		return fmt.Errorf("another configuration, or other data, than rank 0's: %s", strings.Join(list, "; "))
	}
	_, err = team.Gather(nil) // all have found the same
	return err
}

// useNCCL adds up gradients on GPUs by NCCL, where that can be, and says whether.
func useNCCL(team *ranks.Team, c config.Config, device gotch.Device, streams cli.Streams) error {
	used, why, err := team.UseNCCL(c.Training.RankBackend, device)
	switch {
	case err != nil:
		return err
	case used:
		fmt.Fprintln(streams.Out, "Gradients are added up on the GPUs, by NCCL")
	case why != "":
		fmt.Fprintf(streams.Err, "train: warning: gradients go through the CPU, by Gloo, which is slower than NCCL: %s\n", why)
	}
	return nil
}

// follow trains beside rank 0, which keeps what comes of it.
func follow(ctx context.Context, t *trainer.Trainer, j job) error {
	nothing := func() error { return nil }
	t.Save = func(*trainer.History) error { return nil }
	if err := t.Align(); err != nil {
		return err
	}
	if _, err := t.Run(ctx); err != nil {
		return err
	}
	_, err := test(ctx, t, j, nothing)
	return err
}

package run

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/ranks"
	"github.com/trident-nlp/trident/internal/torchx"
)

// Place identifies this process among those that train together.
type Place = ranks.Place

// inTurn is [ranks.Team.InTurn]; without a team it only calls f.
func inTurn(team *ranks.Team, f func() error) error {
	if team == nil {
		return f()
	}
	return team.InTurn(f)
}

// deviceOf returns the requested device; if there are several GPUs, each process on a
// machine uses a different one.
func deviceOf(asked string, localRank int) (gotch.Device, error) {
	device, err := torchx.Device(asked)
	if err == nil && device != gotch.CPU && localRank > 0 && !strings.Contains(asked, ":") {
		return torchx.Device(fmt.Sprintf("cuda:%d", localRank))
	}
	return device, err
}

// threads divides the machine's cores between its processes, ignoring OMP_NUM_THREADS,
// which torchrun sets to 1.
func threads(asked int, p Place) int {
	if asked > 0 || p.Alone() {
		return asked
	}
	return max(1, runtime.GOMAXPROCS(0)/p.LocalSize)
}

// enlargeBatches multiplies the batch sizes by the number of parts that a batch is
// processed in: over all processes, each with its accumulation steps.
func (d *data) enlargeBatches(parts int) {
	for i := range d.sources {
		s := &d.sources[i]
		s.train.BatchSize *= parts
		s.val.BatchSize *= parts
		s.test.BatchSize *= parts
	}
	if d.unlabelled != nil {
		d.unlabelled.train.BatchSize *= parts
	}
}

// agree refuses processes with different configurations or data files.
func (r *Run) agree() error {
	mine, err := r.fingerprint()
	if err != nil {
		return err
	}
	message, err := json.Marshal(mine)
	if err == nil {
		message, err = r.team.Share(message)
	}
	if err != nil {
		return err
	}
	var first map[string]string
	if err := json.Unmarshal(message, &first); err != nil {
		return fmt.Errorf("read rank 0's configuration: %w", err)
	}
	if list := changes(first, mine); len(list) > 0 {
		return fmt.Errorf("another configuration, or other data, than rank 0's: %s", strings.Join(list, "; "))
	}
	_, err = r.team.Gather(nil) // all have reached the same result
	return err
}

// useNCCL sums gradients on GPUs with NCCL if possible, and reports which backend is
// used.
func (r *Run) useNCCL() error {
	used, why, err := r.team.UseNCCL(r.config.Training.RankBackend, r.device)
	switch {
	case err != nil:
		return err
	case used:
		fmt.Fprintln(r.options.Out, "Gradients are added up on the GPUs, by NCCL")
	case why != "":
		fmt.Fprintf(r.options.Err, "train: warning: gradients go through the CPU, by Gloo, which is slower than NCCL: %s\n", why)
	}
	return nil
}

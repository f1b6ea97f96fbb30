package ranks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Backends for summing gradients on GPUs.
const (
	BackendAuto = "auto" // NCCL if it can be used, otherwise Gloo
	BackendGloo = "gloo"
	BackendNCCL = "nccl"
)

// ErrNCCL is returned, wrapped, if NCCL was requested and can't be used.
var ErrNCCL = errors.New("NCCL can't add up the gradients")

// gpu describes a rank's GPU.
type gpu struct {
	Backend string // requested backend
	Machine string
	Address string // within the machine
	CPU     bool   // it has no GPU
	Why     string // why NCCL can't be used; "" if it can
}

// UseNCCL makes the ranks sum gradients with NCCL, if each has its own GPU and all can use
// NCCL. Otherwise Gloo is used, and the reason is returned; it is empty if no rank wants
// NCCL or has a GPU. It is an error if NCCL can't be used although BackendNCCL was
// requested, or if NCCL fails in the trial.
func (t *Team) UseNCCL(backend string, device gotch.Device) (used bool, why string, err error) {
	data, err := json.Marshal(look(backend, device))
	if err != nil {
		return false, "", err
	}
	all, err := t.Gather(data)
	if err != nil {
		return false, "", err
	}
	list := make([]gpu, len(all))
	for rank := range all {
		if err := json.Unmarshal(all[rank], &list[rank]); err != nil {
			return false, "", fmt.Errorf("read what rank %d says of its GPU: %w", rank, err)
		}
	}
	if used, why, err = choose(list); !used {
		return false, why, err
	}
	err = t.group.UseNCCL(t.store, device, t.timeout)
	if errors.Is(err, ErrLost) {
		return false, "", context.Cause(t.life)
	}
	if err != nil {
		return false, "", fmt.Errorf("%w: %w; NCCL_DEBUG=INFO says more, and training.rank_backend=gloo does without", ErrNCCL, err)
	}
	_, err = t.Gather(nil) // wait until all have tried it
	return err == nil, "", err
}

// look returns this rank's GPU.
func look(backend string, device gotch.Device) gpu {
	g := gpu{Backend: backend, CPU: device == gotch.CPU}
	if g.CPU || backend == BackendGloo {
		return g
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // the same for all containers on a machine
	if err == nil {
		g.Machine = strings.TrimSpace(string(id))
		g.Address, err = torchx.NCCLAddress(device)
	}
	if err != nil {
		g.Why = err.Error()
	}
	return g
}

// choose decides for all ranks from their descriptions. All reach the same decision.
func choose(list []gpu) (use bool, why string, err error) {
	without, asked := 0, false
	users := map[[2]string]int{}
	for rank, g := range list {
		asked = asked || g.Backend == BackendNCCL
		switch first, taken := users[[2]string{g.Machine, g.Address}]; {
		case why != "":
		case g.CPU:
			why = fmt.Sprintf("rank %d computes on a CPU", rank)
		case g.Backend == BackendGloo:
			why = "training.rank_backend is gloo"
		case g.Why != "":
			why = fmt.Sprintf("rank %d can't use NCCL: %s", rank, g.Why)
		case taken:
			why = fmt.Sprintf("ranks %d and %d have the same GPU", first, rank)
		default:
			users[[2]string{g.Machine, g.Address}] = rank
		}
		if g.CPU || g.Backend == BackendGloo {
			without++
		}
	}
	switch {
	case why == "":
		return true, "", nil
	case asked:
		return false, "", fmt.Errorf("%w: %s; set training.rank_backend to auto or gloo", ErrNCCL, why)
	case without == len(list):
		return false, "", nil
	}
	return false, why, nil
}

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

// What may be asked to add up gradients that lie on GPUs.
const (
	BackendAuto = "auto" // NCCL where it can be used, else Gloo
	BackendGloo = "gloo"
	BackendNCCL = "nccl"
)

// ErrNCCL is returned, wrapped, when NCCL was asked for and can't be used.
var ErrNCCL = errors.New("NCCL can't add up the gradients")

// gpu is what a rank says of its own.
type gpu struct {
	Backend string // that it was asked for
	Machine string
	Address string // on the machine
	CPU     bool   // it has none
	Why     string // NCCL can't be used; "" if it can
}

// UseNCCL lets the ranks add up gradients by NCCL, if each has a GPU of its own
// and all can. If not all can, the reason is returned and Gloo goes on doing it;
// no reason if none wants or has another. It is an error if a rank was asked for
// BackendNCCL, or if NCCL fails when it is tried.
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
	_, err = t.Gather(nil) // all have tried it
	return err == nil, "", err
}

// look finds out what this rank has.
func look(backend string, device gotch.Device) gpu {
	g := gpu{Backend: backend, CPU: device == gotch.CPU}
	if g.CPU || backend == BackendGloo {
		return g
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // containers on one machine have the same
	if err == nil {
		g.Machine = strings.TrimSpace(string(id))
		g.Address, err = torchx.NCCLAddress(device)
	}
	if err != nil {
		g.Why = err.Error()
	}
	return g
}

// choose decides for all ranks, from what each says. All come to the same.
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

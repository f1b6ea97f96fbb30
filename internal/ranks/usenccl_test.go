package ranks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/ranks"
)

// Two ranks in one process never have a GPU each: Gloo goes on, and both say the
// same, or refuse if NCCL was asked for.
func TestWithoutNCCL(t *testing.T) {
	gpu := gotch.CudaBuilder(0)
	for name, test := range map[string]struct {
		backend string
		device  gotch.Device
		why, no bool // a reason; an error
	}{
		"on CPUs":                 {ranks.BackendAuto, gotch.CPU, false, false},
		"on one GPU, or none":     {ranks.BackendAuto, gpu, true, false},
		"not wanted":              {ranks.BackendGloo, gpu, false, false},
		"asked for":               {ranks.BackendNCCL, gpu, false, true},
		"asked for on CPUs alone": {ranks.BackendNCCL, gotch.CPU, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			reasons := make([]string, 2)
			for i, err := range together(places(t, 2), func(i int, p ranks.Place) error {
				team, err := ranks.Join(t.Context(), p, patience)
				if err != nil {
					return err
				}
				used, why, err := team.UseNCCL(test.backend, test.device)
				if used || (why != "") != test.why || errors.Is(err, ranks.ErrNCCL) != test.no || err != nil && strings.Contains(err.Error(), "\n") {
					t.Errorf("rank %d: %v, %q, %v", p.Rank, used, why, err)
				}
				reasons[i] = why
				return team.Close()
			}) {
				if err != nil {
					t.Errorf("process %d: %v", i, err)
				}
			}
			t.Log(reasons[0])
			if reasons[0] != reasons[1] {
				t.Errorf("reasons %q", reasons)
			}
		})
	}
}

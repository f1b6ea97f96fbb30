package ranks

import (
	"errors"
	"strings"
	"testing"
)

func TestChoiceOfBackend(t *testing.T) {
	cpu := gpu{Backend: BackendAuto, CPU: true}
	on := func(backend, machine, address string) gpu {
		return gpu{Backend: backend, Machine: machine, Address: address}
	}
	a0, a1, b0 := on(BackendAuto, "a", "0"), on(BackendAuto, "a", "1"), on(BackendAuto, "b", "0")
	lacks := gpu{Backend: BackendAuto, Why: "no plug-in"}
	for name, test := range map[string]struct {
		list []gpu
		use  bool
		why  string // in the reason, or in the error if NCCL was asked for
		err  bool
	}{
		"each has one of its own":       {[]gpu{a0, a1, b0}, true, "", false},
		"asked for, and had":            {[]gpu{on(BackendNCCL, "a", "0"), on(BackendNCCL, "b", "0")}, true, "", false},
		"all on CPUs":                   {[]gpu{cpu, cpu}, false, "", false},
		"one on a CPU":                  {[]gpu{a0, cpu}, false, "rank 1 computes on a CPU", false},
		"two on one GPU":                {[]gpu{a0, b0, a1, a0}, false, "ranks 0 and 3 have the same GPU", false},
		"one without it":                {[]gpu{a0, lacks, a0}, false, "rank 1 can't use NCCL: no plug-in", false},
		"not wanted":                    {[]gpu{on(BackendGloo, "", ""), on(BackendGloo, "", "")}, false, "", false},
		"not wanted by one":             {[]gpu{a0, on(BackendGloo, "", "")}, false, "training.rank_backend is gloo", false},
		"asked for, without GPUs":       {[]gpu{{Backend: BackendNCCL, CPU: true}, {Backend: BackendNCCL, CPU: true}}, false, "rank 0 computes on a CPU", true},
		"asked for by one, not by all":  {[]gpu{on(BackendGloo, "", ""), on(BackendNCCL, "a", "0")}, false, "training.rank_backend is gloo", true},
		"asked for, two on one machine": {[]gpu{on(BackendNCCL, "a", "0"), on(BackendNCCL, "a", "0")}, false, "ranks 0 and 1 have the same GPU", true},
	} {
		t.Run(name, func(t *testing.T) {
			use, why, err := choose(test.list)
			if test.err {
				if use || !errors.Is(err, ErrNCCL) || !strings.Contains(err.Error(), test.why) {
					t.Errorf("%v, %v; want ErrNCCL with %q", use, err, test.why)
				}
				return
			}
			if use != test.use || why != test.why || err != nil {
				t.Errorf("%v, %q, %v; want %v, %q", use, why, err, test.use, test.why)
			}
		})
	}
}

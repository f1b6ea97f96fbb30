package ranks_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/ranks"
)

// vars are environment variables as NAME=value, a space between them.
func vars(text string) func(string) string {
	set := map[string]string{}
	for _, one := range strings.Fields(text) {
		name, value, _ := strings.Cut(one, "=")
		set[name] = value
	}
	return func(name string) string { return set[name] }
}

func TestPlaces(t *testing.T) {
	torchrun := "RANK=5 LOCAL_RANK=1 WORLD_SIZE=8 LOCAL_WORLD_SIZE=4 MASTER_ADDR=node0 MASTER_PORT=29400 OMP_NUM_THREADS=1 " +
		"TORCHELASTIC_USE_AGENT_STORE=True TORCHELASTIC_RESTART_COUNT=2"
	slurm := "SLURM_PROCID=3 SLURM_NTASKS=6 SLURM_LOCALID=1 SLURM_NODEID=1 SLURM_STEP_ID=0 SLURM_JOB_ID=41234 " +
		"SLURM_STEP_NODELIST=gpu[07-09] SLURM_STEP_TASKS_PER_NODE=2(x3)"
	for name, test := range map[string]struct {
		flags ranks.Flags
		env   string
		want  ranks.Place
	}{
		"nothing said": {want: ranks.Place{Size: 1, LocalSize: 1}},
		"torchrun": {env: torchrun, want: ranks.Place{
			Rank: 5, Size: 8, LocalRank: 1, LocalSize: 4, Host: "node0", Port: 29400, Agent: true, Attempt: "2"}},
		"PyTorchJob": {env: "RANK=1 WORLD_SIZE=3 MASTER_ADDR=job-master-0 MASTER_PORT=23456 PET_NNODES=3 PET_NPROC_PER_NODE=1 PET_NODE_RANK=1", want: ranks.Place{
			Rank: 1, Size: 3, LocalSize: 1, Host: "job-master-0", Port: 23456}},
		"a PyTorchJob of one": {env: "PET_NNODES=1 WORLD_SIZE=1", want: ranks.Place{Size: 1, LocalSize: 1}},
		"Slurm": {env: slurm, want: ranks.Place{
			Rank: 3, Size: 6, LocalRank: 1, LocalSize: 2, Host: "gpu07", Port: 21234, Attempt: "0"}},
		"Slurm with a master": {env: slurm + " MASTER_ADDR=10.0.0.1 MASTER_PORT=5000", want: ranks.Place{
			Rank: 3, Size: 6, LocalRank: 1, LocalSize: 2, Host: "10.0.0.1", Port: 5000, Attempt: "0"}},
		"one Slurm task, no srun": {env: "SLURM_PROCID=0 SLURM_NTASKS=1 SLURM_JOB_NODELIST=a", want: ranks.Place{Size: 1, LocalSize: 1, Host: "a", Port: 20000}},
		"torchrun under Slurm": {env: slurm + " " + torchrun, want: ranks.Place{
			Rank: 5, Size: 8, LocalRank: 1, LocalSize: 4, Host: "node0", Port: 29400, Agent: true, Attempt: "2"}},
		"flags first": {flags: ranks.Flags{Rank: 1, Size: 2, Master: "[::1]:4000"}, env: torchrun, want: ranks.Place{
			Rank: 1, Size: 2, LocalRank: 1, LocalSize: 2, Host: "::1", Port: 4000}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ranks.Find(test.flags, vars(test.env))
			if err != nil || got != test.want {
				t.Errorf("%+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestRefusedPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		flags ranks.Flags
		env   string
		want  string
	}{
		"nodes without ranks":       {env: "PET_NNODES=3", want: "torchrun"},
		"elastic nodes":             {env: "PET_NNODES=1:4", want: "PET_NNODES announces 1:4 nodes"},
		"nodes that are no number":  {env: "PET_NNODES=many", want: "PET_NNODES"},
		"many a node, not torchrun": {env: "RANK=0 WORLD_SIZE=4 MASTER_ADDR=a MASTER_PORT=1 PET_NPROC_PER_NODE=2", want: "LOCAL_RANK isn't set"},
		"size without rank":         {env: "WORLD_SIZE=2", want: "RANK isn't set"},
		"rank without size":         {env: "RANK=1", want: "WORLD_SIZE isn't set"},
		"rank too high":             {env: "RANK=2 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", want: "rank 2 of 2"},
		"negative rank":             {env: "RANK=-1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", want: "rank -1 of 2"},
		"rank that is no number":    {env: "RANK=x WORLD_SIZE=2", want: `RANK is "x"`},
		"no master":                 {env: "RANK=1 WORLD_SIZE=2 MASTER_PORT=1", want: "MASTER_ADDR"},
		"no port":                   {env: "RANK=1 WORLD_SIZE=2 MASTER_ADDR=a", want: "MASTER_PORT"},
		"port too high":             {env: "RANK=1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=70000", want: "MASTER_PORT"},
		"no srun":                   {env: "SLURM_PROCID=0 SLURM_NTASKS=4 SLURM_JOB_NODELIST=a", want: "srun"},
		"no hosts":                  {env: "SLURM_PROCID=0 SLURM_NTASKS=4 SLURM_STEP_ID=0", want: "MASTER_ADDR"},
		"flags without a master":    {flags: ranks.Flags{Size: 2}, want: "--master"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ranks.Find(test.flags, vars(test.env))
			if !errors.Is(err, ranks.ErrLaunch) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want ErrLaunch with %q", err, test.want)
			}
		})
	}
}

// A program of one's own fills in a Place by hand.
func TestJoinRefusesPlaces(t *testing.T) {
	for _, p := range []ranks.Place{{Rank: 5, Size: 2, Host: "localhost", Port: 1}, {Rank: -1, Size: 2, Host: "localhost", Port: 1}, {Rank: 1, Size: 2}} {
		if _, err := ranks.Join(t.Context(), p, time.Minute); !errors.Is(err, ranks.ErrLaunch) {
			t.Errorf("%+v: error %v, want ErrLaunch at once", p, err)
		}
	}
}

func TestFirstHost(t *testing.T) {
	for list, want := range map[string]string{
		"node1": "node1", "node1,node2": "node1", "node[3-5]": "node3", "node[03-05,9],login": "node03", "a,b[1-2]": "a",
		"rack[1,3]-x,b": "rack1-x", "n-[10]": "n-10", "": "", "node[1": "", ",a": "", "a b": "", "a]": "", "[": "",
	} {
		got, err := ranks.FirstHost(list)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("of %q: %q, %v; want %q", list, got, err, want)
		}
	}
}

func FuzzFirstHost(f *testing.F) {
	for _, list := range []string{"node1", "node[03-05,9],login", "a[", "a]b", ",,["} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		host, err := ranks.FirstHost(list)
		if err == nil && (host == "" || strings.ContainsAny(host, "[], \t\n")) {
			t.Errorf("host %q of %q", host, list)
		}
	})
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
)

// rankLimit is how far several processes may be from one, in losses, scores and
// weights.
const rankLimit = 1e-5

// wholeRun are settings of a short run, with batches of that size in all, that
// tests its best weights. The last batch of a task has 2 examples.
func wholeRun(size int) []string {
	return with("backbone.dropout=0", "data.test_size=0.2", "data.validation_size=0.2", "data.generate={ner: 30, cases: 60, qa: 40, short: true, seed: 1}",
		"training.class_weights={cls/sub: balanced, ner: {NAME: 3}}", "training.batch_size="+strconv.Itoa(size))
}

// So many processes with batch size b learn what one learns with so many times b.
func TestRanksEqualOne(t *testing.T) {
	t.Parallel()
	alone := quickDir(t)
	if code, _ := start(t, alone, wholeRun(16)...).end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, test := range []struct{ n, steps int }{{2, 1}, {4, 1}, {1, 4}, {2, 2}} {
		n := test.n
		t.Run(fmt.Sprintf("%d processes, %d steps of accumulation", n, test.steps), func(t *testing.T) {
			dir := quickDir(t)
			args := append(wholeRun(16/n/test.steps), "--set", "training.gradient_accumulation_steps="+strconv.Itoa(test.steps))
			if n > 1 {
				args = append(args, "--nproc", strconv.Itoa(n))
			}
			p := start(t, dir, args...)
			if code, _ := p.end(); code != 0 || p.stderr.Len() > 0 {
				t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
			}
			mustContain(t, p.stdout.String(), "Use it:")
			if n > 1 {
				mustContain(t, p.stdout.String(), fmt.Sprintf("Processes: %d, each with %d of the 16 examples in a batch", n, 16/n))
			}
			if test.steps > 1 {
				mustContain(t, p.stdout.String(), fmt.Sprintf("Gradient accumulation: %d examples before each update of the weights, 4 at a time", 16/n))
			}
			if status := statusOf(t, dir); status != 3 {
				t.Errorf("MLflow has status %d, want 3", status)
			}
			want := goldentest.Open(t, filepath.Join(alone, "models/quickstart/model.safetensors"))
			got := goldentest.Open(t, filepath.Join(dir, "models/quickstart/model.safetensors"))
			worst, where := 0.0, ""
			for _, name := range want.Names() {
				if d := goldentest.Compare(got.Float32s(name), want.Float32s(name)).Max; !(d <= worst) {
					worst, where = d, name
				}
			}
			figures := furthest(t, figuresIn(t, dir), figuresIn(t, alone), "metrics.json")
			t.Logf("weights differ by up to %.1e (%s), losses and scores by up to %.1e", worst, where, figures)
			if !(worst <= rankLimit) || !(figures <= rankLimit) {
				t.Errorf("weights differ by %.1e, figures by %.1e; want at most %.0e", worst, figures, rankLimit)
			}
		})
	}
}

// A warm start with all knobs turned: two processes learn what one learns.
func TestRanksWithKnobs(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	if code, _ := start(t, dir, append(wholeRun(16), "--set", "backbone.size={dim: 16, layers: 2, heads: 2, hidden_dim: 32}")...).end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	train := func(name string, size int, more ...string) goldentest.File {
		args := wholeRun(size)
		for _, setting := range []string{
			"backbone.init=pretrained", "backbone.model_name=models/quickstart", "backbone.heads=keep", "backbone.freeze_embeddings=true", "backbone.freeze_layers=1",
			"training.lr_scheduler_type=cosine", "training.head_learning_rate=2e-3", "training.layerwise_lr_decay=0.8", "training.no_decay_bias_and_norm=true",
			"training.label_smoothing_factor=0.1", "training.gradient_checkpointing=true", "output.model_dir=models/" + name,
		} {
			args = append(args, "--set", setting)
		}
		p := start(t, dir, append(args, more...)...)
		if code, _ := p.end(); code != 0 || p.stderr.Len() > 0 {
			t.Fatalf("%s: exit code %d, stderr %q", name, code, p.stderr.String())
		}
		mustContain(t, p.stdout.String(), "Heads continued from models/quickstart:\n  ner: 10 of 10 labels kept", "Frozen parameters: ")
		return goldentest.Open(t, filepath.Join(dir, "models", name, "model.safetensors"))
	}
	want := train("one", 16)
	first := goldentest.Open(t, filepath.Join(dir, "models/quickstart/model.safetensors"))
	for name, got := range map[string]goldentest.File{
		"two":   train("two", 4, "--nproc", "2", "--set", "training.gradient_accumulation_steps=2"),
		"again": train("again", 16, "--set", "training.gradient_checkpointing=false"),
	} {
		for _, param := range want.Names() {
			d := goldentest.Compare(got.Float32s(param), want.Float32s(param)).Max
			if limit := map[string]float64{"two": rankLimit}[name]; !(d <= limit) {
				t.Errorf("%s: %s differs by %.1e", name, param, d)
			}
			frozen := strings.Contains(param, "embeddings.") || strings.Contains(param, "layer.0.")
			if same := slices.Equal(got.Float32s(param), first.Float32s(param)); same != frozen {
				t.Errorf("%s: %s is as in the model that it continues: %v", name, param, same)
			}
		}
	}
}

// figuresIn is metrics.json of the run in dir.
func figuresIn(t *testing.T, dir string) any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "models/quickstart/metrics.json"))
	var figures any
	if err == nil {
		err = json.Unmarshal(data, &figures)
	}
	if err != nil {
		t.Fatal(err)
	}
	return figures
}

// furthest is the largest difference of two numbers in the same place.
func furthest(t *testing.T, got, want any, path string) (worst float64) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			t.Errorf("%s isn't alike", path)
			return 0
		}
		for key, value := range want {
			if key != "Seconds" {
				worst = max(worst, furthest(t, got[key], value, path+"."+key))
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			t.Errorf("%s isn't alike", path)
			return 0
		}
		for i, value := range want {
			worst = max(worst, furthest(t, got[i], value, fmt.Sprintf("%s[%d]", path, i)))
		}
	case float64:
		number, ok := got.(float64)
		if !ok {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
		return math.Abs(number - want)
	default:
		if got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	return worst
}

// byHand starts processes that train together, each with its own more arguments.
func byHand(t *testing.T, dir string, n int, args []string, more ...[]string) []*process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	master := l.Addr().String()
	l.Close()
	var list []*process
	for rank := range n {
		own := slices.Concat(args, []string{"--world-size", strconv.Itoa(n), "--rank", strconv.Itoa(rank), "--master", master})
		if rank < len(more) {
			own = append(own, more[rank]...)
		}
		list = append(list, start(t, dir, own...))
	}
	return list
}

// A rank is killed. The others end, say which is gone, and keep the state, from
// which another number of ranks goes on.
func TestKilledRank(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	list := byHand(t, dir, 3, with(endless...))
	list[0].waitFor("[Checkpoint saved]")
	list[1].signal(syscall.SIGKILL)
	for _, rank := range []int{0, 2} {
		if code, _ := list[rank].end(); code != 1 {
			t.Errorf("rank %d ends with code %d, want 1", rank, code)
		}
	}
	list[1].end()
	state := stateIn(t, dir)
	mustContain(t, list[0].stderr.String(), "train: ", "rank 1 is gone", fmt.Sprintf("the state after step %d is kept in models/quickstart.run", state.Progress.Step), "--resume")
	if text := list[0].stderr.String() + list[2].stderr.String(); strings.Count(text, "\n") != 1 || strings.Contains(text, "batch of") || !strings.Contains(text, "the process has died") {
		t.Errorf("want one line without a batch, which isn't the cause, got %q", text)
	}
	if status := statusOf(t, dir); status != failed {
		t.Errorf("MLflow has status %d, want %d", status, failed)
	}

	p := start(t, dir, append(with(endless...), "--resume", "--nproc", "2")...)
	p.waitFor("train_loss=")
	p.signal(syscall.SIGINT)
	if code, _ := p.end(); code != 130 {
		t.Errorf("exit code %d, stderr %q", code, p.stderr.String())
	}
	if text := p.stderr.String(); strings.Count(text, "\n") != 1 {
		t.Errorf("want one line, got %q", text)
	}
	mustContain(t, p.stdout.String(), "going on after the last complete one", "Resuming after step")
	statusOf(t, dir) // of the only run
}

// Rank 0 is killed, and with it goes the store.
func TestKilledFirstRank(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	list := byHand(t, dir, 2, with(endless...))
	list[0].waitFor("[Checkpoint saved]")
	list[0].signal(syscall.SIGKILL)
	list[0].end()
	if code, _ := list[1].end(); code != 1 || strings.Count(list[1].stderr.String(), "\n") != 1 {
		t.Errorf("rank 1 ends with code %d, stderr %q; want 1 and one line", code, list[1].stderr.String())
	}
	mustContain(t, list[1].stderr.String(), "train: rank 1: ", "rank 0 is gone")
	stateIn(t, dir)
}

// A rank that hangs is waited for, but not for ever.
func TestHangingRank(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	list := byHand(t, dir, 2, with(append(endless, "training.rank_timeout_minutes=0.04")...))
	list[0].waitFor("[Checkpoint saved]")
	list[1].signal(syscall.SIGSTOP)
	if code, _ := list[0].end(); code != 1 {
		t.Errorf("rank 0 ends with code %d, want 1", code)
	}
	mustContain(t, list[0].stderr.String(), "rank 1", "is kept in models/quickstart.run")
	list[1].signal(syscall.SIGCONT)
	if code, _ := list[1].end(); code != 1 {
		t.Errorf("rank 1 ends with code %d, stderr %q; want 1", code, list[1].stderr.String())
	}
}

// A signal to any rank stops all after the same step.
func TestSignalToOneRank(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	list := byHand(t, dir, 2, with(endless...))
	list[0].waitFor("train_loss=")
	list[1].signal(syscall.SIGTERM)
	if code, _ := list[1].end(); code != 143 || list[1].stderr.Len() > 0 {
		t.Errorf("rank 1 ends with code %d, stderr %q", code, list[1].stderr.String())
	}
	if code, _ := list[0].end(); code != 1 {
		t.Errorf("rank 0 ends with code %d, want 1", code)
	}
	step := stateIn(t, dir).Progress.Step
	mustContain(t, list[0].stderr.String(), "another rank was told to stop", fmt.Sprintf("state after step %d is kept", step))
	if status := statusOf(t, dir); status != killed {
		t.Errorf("MLflow has status %d, want %d", status, killed)
	}
	p := start(t, dir, append(with(endless...), "--resume")...)
	p.waitFor("train_loss=")
	p.signal(syscall.SIGTERM)
	if code, _ := p.end(); code != 143 {
		t.Errorf("exit code %d, stderr %q", code, p.stderr.String())
	}
}

// When one of the processes that --nproc has started is killed the others end, and
// so does the first, with its code.
func TestKilledChild(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	p := start(t, dir, append(with(endless...), "--nproc", "2")...)
	p.waitFor("train_loss=")
	child := childOf(t, p.cmd.Process.Pid, "RANK=1")
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code, _ := p.end(); code != 128+int(syscall.SIGKILL) {
		t.Errorf("exit code %d, want 137", code)
	}
	mustContain(t, p.stderr.String(), "rank 1 was ended by a signal: killed", "rank 1 is gone", "--resume")
}

// childOf finds a process's child by a variable that it has.
func childOf(t *testing.T, parent int, variable string) int {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended
		}
		for _, pid := range strings.Fields(string(text)) {
			environment, err := os.ReadFile("/proc/" + pid + "/environ")
			if err == nil && bytes.Contains(append([]byte{0}, environment...), []byte("\x00"+variable+"\x00")) {
				n, err := strconv.Atoi(pid)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
		}
	}
	t.Fatalf("process %d has no child with %s", parent, variable)
	return 0
}

// Ranks that don't train the same say so, in one line.
func TestRanksDisagree(t *testing.T) {
	t.Parallel()
	list := byHand(t, quickDir(t), 2, tiny, nil, []string{"--set", "training.learning_rate=0.5"})
	for rank, p := range list {
		if code, _ := p.end(); code != 1 {
			t.Errorf("rank %d ends with code %d, want 1", rank, code)
		}
	}
	const want = `another configuration, or other data, than rank 0's: training.learning_rate was "0.0015", is "0.5"`
	mustContain(t, list[0].stderr.String(), "rank 1 has failed: "+want)
	mustContain(t, list[1].stderr.String(), "train: rank 1: "+want)
}

func TestRefusedRanks(t *testing.T) {
	for name, test := range map[string]struct {
		env  string
		args []string
		code int
		want string
	}{
		"nodes, but no ranks":     {"PET_NNODES=2", nil, 1, "torchrun --no-python"},
		"processes in a process":  {"RANK=1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", []string{"--nproc", "2"}, 1, "already rank 1 of 2"},
		"started twice":           {"", []string{"--nproc", "2", "--world-size", "2"}, 2, "use one of them"},
		"a rank of nothing":       {"", []string{"--rank", "1"}, 2, "--world-size"},
		"no place to meet":        {"", []string{"--world-size", "2"}, 1, "--master"},
		"less than one":           {"", []string{"--nproc=-1"}, 2, "1 or more"},
		"a time that can't be":    {"", []string{"--set", "training.rank_timeout_minutes=0"}, 1, "rank_timeout_minutes"},
		"a compression not known": {"", []string{"--set", "training.gradient_compression=zip"}, 1, "none or bf16"},
		"a backend not known":     {"", []string{"--set", "training.rank_backend=mpi"}, 1, "auto or gloo or nccl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for one := range strings.FieldsSeq(test.env) {
				name, value, _ := strings.Cut(one, "=")
				t.Setenv(name, value)
			}
			code, _, stderr := command(append(tiny[:len(tiny):len(tiny)], test.args...)...)
			if code != test.code || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stderr %q; want %d and one line", code, stderr, test.code)
			}
			mustContain(t, stderr, test.want)
		})
	}
}

// NCCL that was asked for and can't be had is one line.
func TestRanksWithoutGPUs(t *testing.T) {
	t.Parallel()
	p := start(t, quickDir(t), append(wholeRun(8), "--nproc", "2", "--device", "cpu", "--set", "training.rank_backend=nccl")...)
	if code, _ := p.end(); code != 1 || strings.Count(p.stderr.String(), "\n") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, p.stderr.String())
	}
	mustContain(t, p.stderr.String(), "rank 0 computes on a CPU; set training.rank_backend to auto or gloo")
}

// Bad data is one line, however many processes find it.
func TestRanksWithoutData(t *testing.T) {
	t.Parallel()
	p := start(t, quickDir(t), append(with("data.generate={ner: 0, cases: 0, qa: 0}"), "--nproc", "3")...)
	if code, _ := p.end(); code != 1 || strings.Count(p.stderr.String(), "\n") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, p.stderr.String())
	}
	mustContain(t, p.stderr.String(), "train: data is missing")
}

// A dry run counts the steps of all processes, and starts none.
func TestDryRunOfRanks(t *testing.T) {
	t.Chdir(t.TempDir())
	mustContain(t, mustRun(t, append(tiny[:len(tiny):len(tiny)], "--dry-run", "--nproc", "2")...), "Batches per epoch: 4 (ner 4, cls 4, qa 4)", "Processes: 2, each with 16 of the 32 examples")
}

// Gradients in bfloat16 change a run a little, also where they are measured.
func TestCompressedGradients(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]string{
		"alone":           nil,
		"mixed, by norms": {"training.mix_tasks=true", "training.loss_weights=auto"},
	} {
		losses := map[string]float64{}
		for _, compression := range []string{"none", "bf16"} {
			dir := quickDir(t)
			args := append(wholeRun(8), set(append(more, "training.gradient_compression="+compression)...)...)
			p := start(t, dir, append(args, "--nproc", "2")...)
			if code, _ := p.end(); code != 0 {
				t.Fatalf("%s: exit code %d, stderr %q", name, code, p.stderr.String())
			}
			history := figuresIn(t, dir).(map[string]any)["history"].([]any)
			losses[compression] = history[len(history)-1].(map[string]any)["Train"].(map[string]any)["Loss"].(float64)
		}
		t.Logf("%s: losses %v", name, losses)
		if d := math.Abs(losses["bf16"] - losses["none"]); d == 0 || d > 0.05 {
			t.Errorf("%s: losses %v: want a small difference", name, losses)
		}
	}
}

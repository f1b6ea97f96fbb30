package main

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/disktest"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// into are the tiny run's arguments with another output folder, and without a tracker.
func into(dir string, more ...string) []string {
	return with(append([]string{"mlflow.enabled=false", "output.model_dir=" + dir}, more...)...)
}

func mustLoad(t *testing.T, dir string) {
	t.Helper()
	m, _, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		t.Error(err)
		return
	}
	m.Drop()
}

func mustBeGone(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there (%v)", path, err)
		}
	}
}

// trainsTwice trains into dir, which can't be renamed, again and again, with a stop and a
// resume: the newest model is in it, and the one before within it.
func trainsTwice(t *testing.T, dir string) {
	t.Helper()
	weights := func(dir string) string {
		data, err := os.ReadFile(filepath.Join(dir, fusion.SafetensorsFile))
		if err != nil {
			t.Error(err)
		}
		return string(data)
	}
	previous := filepath.Join(dir, ".trident", "previous")
	mustRun(t, into(dir)...)
	mustLoad(t, dir)
	mustBeGone(t, filepath.Join(dir, ".trident"))
	first := weights(dir)

	p := start(t, ".", into(dir, append(endless, "training.seed=7")...)...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	if code, _ := p.end(); code != 143 {
		t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
	}
	mustContain(t, p.stderr.String(), "is kept in "+filepath.Join(dir, ".trident", "run"))
	mustContain(t, p.stdout.String(), "[The earlier model is now "+previous+"]")
	mustLoad(t, dir)
	mustLoad(t, previous)
	if weights(previous) != first || weights(dir) == first {
		t.Error("the earlier model isn't what is in " + previous)
	}

	args := append(into(dir, "training.num_epochs=1", "training.early_stopping_patience=0", "training.seed=7"), "--resume", "--force")
	mustContain(t, mustRun(t, args...), "Resuming after step", "Model:      "+dir)
	mustLoad(t, dir)
	if weights(previous) != first {
		t.Error("the resumed run has moved the earlier model again")
	}
	mustBeGone(t, filepath.Join(dir, ".trident", "run"), filepath.Join(dir, ".trident", "new"))
	second := weights(dir)
	mustRun(t, into(dir, "training.seed=8")...)
	if weights(previous) != second {
		t.Error("the third run hasn't kept the second's model")
	}
}

func TestWorkingDirectoryAsModelDir(t *testing.T) {
	t.Chdir(quickDir(t))
	trainsTwice(t, ".")
	mustBeGone(t, "..run", "...previous", "..previous")
	if _, err := os.Stat("data/quickstart"); err != nil {
		t.Error("the data isn't there any more:", err)
	}
}

// A run that was killed with its state beside its folder goes on from within it.
func TestRunResumedFromWithinItsFolder(t *testing.T) {
	parent := quickDir(t)
	t.Chdir(parent)
	data := filepath.Join(parent, "data")
	makeData(t, data)
	for _, flag := range []string{"--resume", "--resume-if-any"} {
		args := append(killArgs(data, "mlflow.enabled=false", "output.model_dir=w"), "--set", "training.num_epochs=500")
		p := start(t, parent, args...)
		p.waitFor("[Checkpoint saved]")
		p.signal(syscall.SIGKILL)
		p.end()
		t.Chdir("w")
		args = append(killArgs(data, "mlflow.enabled=false", "output.model_dir=."), "--set", "training.num_epochs=1", flag, "--force")
		mustContain(t, mustRun(t, args...), "Resuming after step")
		mustBeGone(t, "../w.run", ".trident/run")
		t.Chdir("..")
		mustLoad(t, "w")
	}
}

func TestModelDirInAFolderThatCannotBeWritten(t *testing.T) {
	parent := disktest.Folder(t)
	t.Chdir(parent)
	mustRun(t, append(slices.Clone(tiny), "--dry-run")...) // makes the data
	if err := errors.Join(os.Mkdir("models", 0o777), os.Chmod("models", 0o777), os.Mkdir("volume", 0o777), os.Chmod("volume", 0o777), os.Chmod(".", 0o555)); err != nil {
		t.Fatal(err)
	}
	disktest.WithoutRoot(t, func() {
		mustRun(t, into("volume")...)
		mustRun(t, into("volume", "training.seed=7")...)
	})
	mustLoad(t, "volume")
	mustLoad(t, "volume/.trident/previous")
	if err := os.Chmod(".", 0o755); err != nil {
		t.Fatal(err)
	}
}

// A container's volume.
func TestMountPointAsModelDir(t *testing.T) {
	disktest.OnSmallDisk(t, 50_000_000, func(disk string) {
		t.Chdir(filepath.Dir(disk))
		trainsTwice(t, filepath.Base(disk))
		if entries, err := filepath.Glob(disk + "?*"); err != nil || len(entries) > 0 {
			t.Errorf("beside the mount point lie %v (%v)", entries, err)
		}
		before, err := os.ReadFile(filepath.Join(disk, fusion.SafetensorsFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		refusedAtOnce(t, filepath.Base(disk), "read-only file system")
		if after, err := os.ReadFile(filepath.Join(disk, fusion.SafetensorsFile)); err != nil || string(after) != string(before) {
			t.Errorf("the model has changed (%v)", err)
		}
	})
}

// refusedAtOnce wants one line before anything is read or trained.
func refusedAtOnce(t *testing.T, dir, want string) {
	t.Helper()
	code, stdout, stderr := command(into(dir)...)
	if code != 1 || strings.Count(stderr, "\n") != 1 || stdout != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q; want 1 and one line", code, stdout, stderr)
	}
	mustContain(t, stderr, "output.model_dir "+dir+": ", want)
}

func TestModelDirsAreRefusedBeforeTraining(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, err := range []error{
		os.Mkdir("project", 0o777), os.WriteFile("project/README.md", []byte("My notes"), 0o666),
		os.WriteFile("file", []byte("a file"), 0o666), os.Symlink("nowhere", "link"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	refusedAtOnce(t, "project", "project holds README.md but no model")
	refusedAtOnce(t, "file", "it is a file")
	refusedAtOnce(t, "file/model", "not a directory")
	refusedAtOnce(t, "link", "it is a link to nowhere")
	if text, err := os.ReadFile("project/README.md"); string(text) != "My notes" {
		t.Errorf("the notes are %q (%v)", text, err)
	}
	mustBeGone(t, "project.run", "file.run", "link.run", "nowhere", "nowhere.run", "project.previous", "project/.trident")
}

// Another's project may have files with the names of a model's.
func TestProjectsAreNotTakenForModels(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, into("m", "training.num_epochs=1")...)
	for _, dir := range []string{"project", "m.previous"} {
		files := map[string]string{"README.md": "My notes", "config.json": "{}", "model.pt": "their weights", "app.py": "their code"}
		for name, text := range files {
			if err := errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		refusedAtOnce(t, strings.TrimSuffix(dir, ".previous"), dir+" holds README.md, config.json, model.pt, but isn't the folder of a model (README.md: it isn't a model card of ours)")
		for name, want := range files {
			if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != want {
				t.Errorf("%s is %q (%v)", name, text, err)
			}
		}
	}
	mustBeGone(t, "project.previous", "project.run")
}

// What others put beside a model stays there, and goes to no tracker.
func TestOthersFilesStayBesideAModel(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("MLFLOW_TRACKING_URI", "")
	mustRun(t, tiny...)
	if err := errors.Join(os.WriteFile("models/quickstart/calls.txt", []byte("mine"), 0o666), os.Mkdir("models/quickstart/data", 0o777),
		os.WriteFile("models/quickstart/data/README.md", []byte("mine"), 0o666)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		mustRun(t, with("training.num_epochs=1")...)
		for _, name := range []string{"calls.txt", "data/README.md"} {
			if text, err := os.ReadFile(filepath.Join("models/quickstart", name)); string(text) != "mine" {
				t.Errorf("%s is %q (%v)", name, text, err)
			}
		}
		mustLoad(t, "models/quickstart.previous")
	}
	mustBeGone(t, "models/quickstart.previous/calls.txt", "models/quickstart/.trident")
	logged, err := filepath.Glob("mlruns/*/*/artifacts/checkpoint/*")
	if err != nil || len(logged) == 0 {
		t.Fatalf("artifacts %v, %v", logged, err)
	}
	for _, path := range logged {
		if name := filepath.Base(path); name == "calls.txt" || name == "data" {
			t.Errorf("the tracker has %s", path)
		}
	}
}

// The Python prototype's model is an earlier model like another.
func TestPrototypesModelIsKept(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"model.pt", "pytorch_model.bin"} {
		if err := errors.Join(os.RemoveAll("m"), os.RemoveAll("m.previous"), os.Mkdir("m", 0o777), os.WriteFile(filepath.Join("m", name), []byte("theirs"), 0o666),
			os.WriteFile("m/config.json", []byte(`{"model_type": "distilbert"}`), 0o666)); err != nil {
			t.Fatal(err)
		}
		mustContain(t, mustRun(t, into("m", "training.num_epochs=1")...), "[The earlier model is now m.previous]")
		if text, err := os.ReadFile(filepath.Join("m.previous", name)); string(text) != "theirs" {
			t.Errorf("%s is %q (%v)", name, text, err)
		}
	}
}

// An address that is none is found before anything is made.
func TestTrackersAddressIsCheckedFirst(t *testing.T) {
	for _, uri := range []string{"127.0.0.1:5000", "mlflow:5000", "http//127.0.0.1:5000", "runs/mlflow:5000", "sqlite:///x.db"} {
		t.Chdir(t.TempDir())
		t.Setenv("MLFLOW_TRACKING_URI", "")
		code, _, stderr := command(with("mlflow.tracking_uri=" + uri)...)
		if code != 1 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
		mustContain(t, stderr, "mlflow.tracking_uri: ", "http://")
		t.Setenv("MLFLOW_TRACKING_URI", uri)
		code, _, stderr = command(tiny...)
		if code != 1 || !strings.Contains(stderr, "train: MLFLOW_TRACKING_URI: ") {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
		if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
			t.Errorf("%s: made %v (%v)", uri, entries, err)
		}
	}
}

// Wherever a run is killed that has its state and its model within a folder, what can be
// loaded is whole, and what comes of it in the end is the same.
func TestKillsWithinTheFolder(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	data := filepath.Join(quickDir(t), "data")
	makeData(t, data)
	args := append(killArgs(data, "output.model_dir=.", "training.num_epochs=6"), "--set", "mlflow.enabled=false")
	weights := func(dir string) string {
		text, err := os.ReadFile(filepath.Join(dir, fusion.SafetensorsFile))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	whole := quickDir(t)
	began := time.Now()
	if code, _ := start(t, whole, args...).end(); code != 0 {
		t.Fatalf("the uninterrupted run ends with code %d", code)
	}
	takes := time.Since(began)

	dir := quickDir(t)
	first := append(slices.Clone(args), "--set", "training.seed=7", "--set", "training.num_epochs=1")
	if code, _ := start(t, dir, first...).end(); code != 0 {
		t.Fatalf("the earlier run ends with code %d", code)
	}
	earlier := weights(dir)
	const enough = 6
	kills, finished := 0, false
	for !finished {
		p := start(t, dir, append(slices.Clone(args), "--resume-if-any")...)
		wait := time.Hour
		if kills < enough {
			wait = time.Duration(random.Float64() * float64(takes))
		}
		if p.killAfter(wait) {
			kills++
			m, _, err := fusion.Load(dir, gotch.CPU)
			if err == nil {
				m.Drop()
			} else if !strings.Contains(err.Error(), "no weights") {
				t.Errorf("after kill %d: %v", kills, err)
			}
			continue
		}
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			t.Fatalf("after %d kills it ends with code %d: %s", kills, code, p.stderr.String())
		}
		finished = kills >= enough
		if !finished { // too quick: once more, from the earlier model on
			takes -= takes / 5
			if err := os.RemoveAll(filepath.Join(dir, ".trident")); err != nil {
				t.Fatal(err)
			}
			if code, _ := start(t, dir, first...).end(); code != 0 {
				t.Fatal("the earlier run fails")
			}
			if err := os.RemoveAll(filepath.Join(dir, ".trident")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if weights(dir) != weights(whole) {
		t.Error("the model isn't that of an uninterrupted run")
	}
	if weights(filepath.Join(dir, ".trident", "previous")) != earlier {
		t.Error("the earlier model isn't in .trident/previous")
	}
	entries, err := os.ReadDir(filepath.Join(dir, ".trident"))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in .trident: %v (%v)", entries, err)
	}
}

// The folder of a classification model's labels is written anew as a whole: what others
// keep there would be lost.
func TestLabelListsOfOthersAreNotReplaced(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.MkdirAll("models/quickstart/labels", 0o777), os.WriteFile("models/quickstart/labels/priorities.json", []byte("[1, 2]"), 0o666)); err != nil {
		t.Fatal(err)
	}
	single := with("task=classification", "pooling=attention", "training.loss_weights=null", "data.stratify=", "training.metric_for_best_model=loss")
	mustRun(t, single...)
	mustRun(t, single...) // its own lists are in nobody's way
	if err := os.WriteFile("models/quickstart/labels/calls.txt", []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := command(single...)
	if want := "models/quickstart/labels, which holds calls.txt"; code != 1 || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d, stderr %q; want %q", code, stderr, want)
	}
	if text, err := os.ReadFile("models/quickstart/labels/calls.txt"); string(text) != "mine" {
		t.Errorf("the other's file is %q (%v)", text, err)
	}
	if err := errors.Join(os.Remove("models/quickstart/labels/calls.txt"), os.WriteFile("models/quickstart/labels/interventions.json", []byte(`{"mine": {"a": 1}}`), 0o666)); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(single...); code != 1 || !strings.Contains(stderr, "whose interventions.json is no list of labels") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

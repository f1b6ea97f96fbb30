package modeldir

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/disktest"
)

var names = Names{
	IsModelFile: func(name string) bool {
		return slices.Contains([]string{"weights", "more-weights", "labels", "README.md"}, name)
	},
	Weights: func(name string) bool { return strings.HasSuffix(name, "weights") },
	State:   func(name string) bool { return strings.HasPrefix(name, "state-") },
	Content: noneIsTheirs,
	Files:   noneIsTheirs,
}

func noneIsTheirs(dir string, files []string) error {
	for _, name := range files {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) == "theirs" {
			return errors.Join(errors.New(name+" is theirs"), err)
		}
	}
	return nil
}

// lay makes files below dir: name → text.
func lay(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func find(t *testing.T, path string) Dir {
	t.Helper()
	d, err := Find(path, names)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhereThingsLie(t *testing.T) {
	t.Chdir(t.TempDir())
	lay(t, ".", map[string]string{"big/model/weights": "", "volume/.trident/run/state-1": ""})
	if err := os.Symlink("big/model", "link"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"model": "model.run", "a//b/": "a/b.run", "./c/../model": "model.run",
		"link":   "big/model.run",
		".":      ".trident/run",
		"volume": "volume/.trident/run", // a run was stopped where it couldn't be renamed
	} {
		if got := find(t, path).Run(); got != want {
			t.Errorf("the state of %s is in %s, want %s", path, got, want)
		}
	}
	d := find(t, "model")
	if d.Previous() != "model.previous" || d.Outbox() != "model.outbox" {
		t.Errorf("beside it: %s, %s", d.Previous(), d.Outbox())
	}
}

// A run that was stopped beside a folder goes on from within it; another's folder with
// such a name is left alone.
func TestStateBesideTheWorkingDirectory(t *testing.T) {
	parent := t.TempDir()
	lay(t, parent, map[string]string{"w/weights": "", "w.run/state-1": "", "x/weights": "", "x.run/race.xml": "", "y/.trident/run/state-1": "", "y.run/state-1": "",
		"z/labels": "", "z.run/state-1": "", "z.moving/weights": ""})
	for dir, want := range map[string][3]string{
		"w": {parent + "/w.run", ".trident/previous", parent + "/w.outbox"},
		"x": {".trident/run", ".trident/previous", ".trident/outbox"},
		"y": {".trident/run", ".trident/previous", ".trident/outbox"},
		"z": {parent + "/z.run", parent + "/z.previous", parent + "/z.outbox"}, // the move goes on
	} {
		t.Chdir(filepath.Join(parent, dir))
		d := find(t, ".")
		if got := [3]string{d.Run(), d.Previous(), d.Outbox()}; got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
	t.Chdir(filepath.Join(parent, "w"))
	if got := find(t, "../w").Run(); got != "../w.run" {
		t.Errorf("by another name: %s", got)
	}
	t.Chdir(filepath.Join(parent, "z"))
	if moved, err := find(t, ".").MoveAside(names); !moved || err != nil {
		t.Errorf("moved %t, %v", moved, err)
	}
	if got, want := contents(t, parent+"/z.previous"), map[string]string{"weights": "", "labels": ""}; !maps.Equal(got, want) {
		t.Errorf("the earlier model is %v, want %v", got, want)
	}
}

// So does one whose folder has become a mount point meanwhile.
func TestStateBesideAMountPoint(t *testing.T) {
	disktest.OnSmallDisk(t, 1_000_000, func(disk string) {
		if got, want := find(t, disk).Run(), filepath.Join(disk, ".trident", "run"); got != want {
			t.Errorf("the state is in %s, want %s", got, want)
		}
		lay(t, disk+".run", map[string]string{"state-1": ""})
		d := find(t, disk)
		if got, want := [2]string{d.Run(), d.Previous()}, [2]string{disk + ".run", filepath.Join(disk, ".trident", "previous")}; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// What isn't a model's is found before it would be overwritten or removed.
func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string // "" if nothing is wrong
	}{
		"nothing there":                {nil, ""},
		"a model":                      {map[string]string{"m/weights": "", "m/README.md": ""}, ""},
		"a model and others' files":    {map[string]string{"m/weights": "", "m/notes": "", "m/data/x": ""}, ""},
		"others' files":                {map[string]string{"m/notes": "", "m/data/README.md": ""}, ""},
		"a project":                    {map[string]string{"m/README.md": ""}, "m holds README.md but no model"},
		"two files of others":          {map[string]string{"m/README.md": "", "m/labels": ""}, "m holds README.md, labels but no model"},
		"a folder in the way":          {map[string]string{"m/weights": "", "m/README.md/x": ""}, "m/README.md is a folder"},
		"another's previous":           {map[string]string{"m.previous/README.md": ""}, "m.previous holds README.md but no model"},
		"another file in previous":     {map[string]string{"m.previous/notes": "", "m.previous/weights": ""}, ""},
		"a state":                      {map[string]string{"m.run/state-1": ""}, ""},
		"another's run":                {map[string]string{"m.run/state-1": "", "m.run/race.xml": ""}, "m.run holds race.xml"},
		"another's run, set aside":     {map[string]string{"m.run.previous/race.xml": ""}, "m.run.previous holds race.xml"},
		"a file":                       {map[string]string{"m": ""}, "output.model_dir m: it is a file, not a folder"},
		"a file for the state":         {map[string]string{"m.run": ""}, "not a directory"},
		"a project with weights":       {map[string]string{"m/weights": "", "m/README.md": "theirs", "m/app": ""}, "m holds README.md, weights, but isn't the folder of a model (README.md is theirs)"},
		"a project in previous":        {map[string]string{"m.previous/weights": "", "m.previous/README.md": "theirs"}, "m.previous holds README.md, weights, but isn't"},
		"another's moving":             {map[string]string{"m.moving/van.txt": "", "m/README.md": "theirs"}, "m.moving holds van.txt"},
		"another's README, moving":     {map[string]string{"m.moving/README.md": "theirs", "m.moving/weights": ""}, "m.moving holds what is no model's"},
		"no model, moving":             {map[string]string{"m.moving/README.md": "", "m/weights": ""}, "m.moving holds README.md but no model"},
		"a project, moving":            {map[string]string{"m.moving/weights": "", "m/README.md": "theirs"}, "m holds what is no model's"},
		"a model, almost moved":        {map[string]string{"m.moving/labels": "", "m.previous/weights": ""}, ""},
		"an earlier model, on its way": {map[string]string{"m.moving/weights": "", "m/README.md": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			lay(t, ".", test.files)
			before := contents(t, ".")
			d, err := Find("m", names)
			if err == nil {
				err = d.Check(names)
			}
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if !maps.Equal(contents(t, "."), before) {
				t.Error("something has changed")
			}
		})
	}
}

// The earlier model is moved, whatever else lies in the folder, and from where a kill
// left it.
func TestMoveAside(t *testing.T) {
	model := map[string]string{"weights": "1", "more-weights": "1", "labels": "1", "README.md": "1"}
	old := map[string]string{"weights": "0", "labels": "0", "notes": "in the way"}
	at := func(dir string, files map[string]string) map[string]string {
		moved := map[string]string{}
		for name, text := range files {
			moved[filepath.Join(dir, name)] = text
		}
		return moved
	}
	with := func(sets ...map[string]string) map[string]string {
		all := map[string]string{}
		for _, set := range sets {
			maps.Copy(all, set)
		}
		return all
	}
	part := map[string]string{"weights": "1", "more-weights": "1"}
	rest := map[string]string{"labels": "1", "README.md": "1"}
	notes := map[string]string{"notes": "in the way"}
	theirs := map[string]string{"m/theirs": "2", "m/data/README.md": "2"}
	for name, test := range map[string]struct {
		before, after map[string]string
		moved         bool
	}{
		"no folder":               {nil, nil, false},
		"no model":                {theirs, theirs, false},
		"a model":                 {at("m", model), at("m.previous", model), true},
		"a model over another":    {with(at("m", model), at("m.previous", part)), at("m.previous", model), true},
		"over others' files":      {with(at("m", model), at("m.previous", old)), with(at("m.previous", model), at("m.previous", notes)), true},
		"beside others' files":    {with(at("m", model), theirs), with(at("m.previous", model), theirs), true},
		"killed in the midst":     {with(at("m", rest), at("m.moving", part), theirs), with(at("m.previous", model), theirs), true},
		"killed at the end":       {with(at("m.moving", part), at("m.previous", rest), theirs), with(at("m.previous", model), theirs), true},
		"within it":               {with(at("m", model), at("m/.trident/run", map[string]string{"state-1": ""})), with(at("m/.trident/previous", model), at("m/.trident/run", map[string]string{"state-1": ""})), true},
		"killed in it":            {with(at("m", rest), at("m/.trident/moving", part), at("m/.trident/run", map[string]string{"state-1": ""})), with(at("m/.trident/previous", model), at("m/.trident/run", map[string]string{"state-1": ""})), true},
		"nothing left of a model": {at("m", rest), at("m", rest), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			lay(t, ".", test.before)
			d := find(t, "m")
			moved, err := d.MoveAside(names)
			if err != nil || moved != test.moved {
				t.Errorf("moved %t, %v", moved, err)
			}
			if got := contents(t, "."); !maps.Equal(got, test.after) {
				t.Errorf("it leaves %v, want %v", got, test.after)
			}
			if again, err := d.MoveAside(names); again || err != nil {
				t.Errorf("again: %t, %v", again, err)
			}
		})
	}
}

// What a kill has left of a model that was being removed is removed.
func TestCleanRemovesTheRestOfAModel(t *testing.T) {
	t.Chdir(t.TempDir())
	lay(t, ".", map[string]string{"m/weights": "1", ".m.previous.tmp-gone/labels": "0", "n/.trident/run/state-1": "", "n/.trident/.previous.tmp-gone/labels": "0"})
	for _, dir := range []string{"m", "n"} {
		if err := find(t, dir).Clean(); err != nil {
			t.Error(err)
		}
	}
	if got, want := contents(t, "."), map[string]string{"m/weights": "1", "n/.trident/run/state-1": ""}; !maps.Equal(got, want) {
		t.Errorf("it leaves %v", got)
	}
}

// What somebody puts into either folder during the run stays.
func TestMoveAsideLeavesOthersFiles(t *testing.T) {
	for _, dir := range []string{"m", "m.previous"} {
		t.Chdir(t.TempDir())
		lay(t, ".", map[string]string{"m/weights": "1", "m.previous/weights": "0", dir + "/README.md": "theirs"})
		before := contents(t, ".")
		if moved, err := find(t, "m").MoveAside(names); moved || err == nil || !strings.Contains(err.Error(), "README.md is theirs") {
			t.Errorf("moved %t, %v", moved, err)
		}
		if got := contents(t, "."); !maps.Equal(got, before) {
			t.Errorf("it leaves %v", got)
		}
	}
}

// A link stays one, and the earlier model is beside what it points to.
func TestMoveAsideBehindALink(t *testing.T) {
	t.Chdir(t.TempDir())
	lay(t, ".", map[string]string{"big/m/weights": "1"})
	if err := os.Symlink("big/m", "link"); err != nil {
		t.Fatal(err)
	}
	d := find(t, "link")
	if moved, err := d.MoveAside(names); !moved || err != nil {
		t.Errorf("moved %t, %v", moved, err)
	}
	err := atomicdir.Replace("link", func(tmp string) error { return os.WriteFile(filepath.Join(tmp, "weights"), []byte("2"), 0o666) })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := contents(t, "big"), map[string]string{"m/weights": "2", "m.previous/weights": "1"}; !maps.Equal(got, want) {
		t.Errorf("it leaves %v, want %v", got, want)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	parent := disktest.Folder(t)
	dir := filepath.Join(parent, "m")
	lay(t, dir, map[string]string{"weights": ""})
	if err := errors.Join(os.Chmod(dir, 0o555), os.Chmod(parent, 0o555)); err != nil {
		t.Fatal(err)
	}
	disktest.WithoutRoot(t, func() {
		for _, path := range []string{dir, filepath.Join(parent, "new")} {
			err := find(t, path).Check(names)
			if !errors.Is(err, fs.ErrPermission) || !strings.HasSuffix(err.Error(), "name a folder that you may write to") {
				t.Errorf("error %v", err)
			}
		}
	})
	if err := errors.Join(os.Chmod(parent, 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, map[string]string{"weights": "", "labels": "", "calls.jsonl": "a call", ".trident/previous/weights": ""})
	files, err := find(t, dir).Files(names)
	if want := []string{filepath.Join(dir, "labels"), filepath.Join(dir, "weights")}; err != nil || !slices.Equal(files, want) {
		t.Errorf("files %v, %v; want %v", files, err, want)
	}
}

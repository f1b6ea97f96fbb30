package atomicdir

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/filetest"
)

// The ways to replace a folder.
const (
	byExchange = "exchange"
	noExchange = "no exchange" // as on file systems that can't
	fileByFile = "file by file"
)

var ways = []string{byExchange, noExchange, fileByFile}

// replacing replaces a folder in one of the ways, wherever it lies.
func replacing(way string, reached func(point)) replacement {
	r := replacement{within: func(string) (bool, error) { return way == fileByFile, nil }, exchange: exchange, reached: reached}
	if way == noExchange {
		r.exchange = cannotExchange
	}
	return r
}

// cannotExchange is what a file system says that can't.
func cannotExchange(string, string) error { return unix.EINVAL }

// passes are the points that a replacement comes by, each way.
var passes = map[string][]point{
	byExchange: {made, filled, flushed, exchanged},
	noExchange: {made, filled, flushed, away, exchanged},
	fileByFile: {made, filled, committed, begun, placed},
}

// Replacements are killed in processes of their own: this test's program, started
// anew with these variables.
const (
	childDir   = "TRIDENT_ATOMICDIR_DIR"
	childPoint = "TRIDENT_ATOMICDIR_POINT" // where it is to be killed
	childWay   = "TRIDENT_ATOMICDIR_WAY"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Println(killed(dir, os.Getenv(childPoint), os.Getenv(childWay)))
		os.Exit(1) // it should not have come here
	}
	os.Exit(m.Run())
}

// killed replaces dir, and kills this process on the way.
func killed(dir, at, way string) error {
	die := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }
	r := replacing(way, func(p point) {
		if strconv.Itoa(int(p)) == at {
			die()
		}
	})
	return r.do(dir, func(tmp string) error {
		if err := os.WriteFile(filepath.Join(tmp, "weights"), []byte("new"), 0o666); err != nil {
			return err
		}
		if at == "half written" {
			die()
		}
		return writeRest(tmp)
	})
}

func writeRest(tmp string) error {
	return errors.Join(os.WriteFile(filepath.Join(tmp, "labels"), []byte("new"), 0o666),
		os.Mkdir(filepath.Join(tmp, "plots"), 0o777), os.WriteFile(filepath.Join(tmp, "plots", "b"), []byte("new"), 0o666))
}

// A process that is killed at any point leaves the old folder or the new one, whole,
// and after Clean nothing else.
func TestKilledAnywhere(t *testing.T) {
	old := map[string]string{"weights": "old", "labels": "old", "plots/a": "old", "notes.txt": "mine"}
	replaced := map[string]string{"weights": "new", "labels": "new", "plots/b": "new", "notes.txt": "mine"}
	alone := maps.Clone(replaced) // without what others put there
	delete(alone, "notes.txt")
	for _, way := range ways {
		at := []string{"half written"}
		for _, p := range passes[way] {
			at = append(at, strconv.Itoa(int(p)))
		}
		for _, at := range at {
			t.Run(fmt.Sprintf("at %s, %s", at, way), func(t *testing.T) {
				parent := t.TempDir()
				dir := filepath.Join(parent, "model")
				for name, text := range old {
					if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
						t.Fatal(err)
					}
					write(t, dir, name, text)
				}
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childDir+"="+dir, childPoint+"="+at, childWay+"="+way)
				out, err := cmd.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
					t.Fatalf("it was not killed: %v, %s", err, out)
				}
				want, whole := old, old
				switch at {
				case strconv.Itoa(int(exchanged)):
					want, whole = replaced, replaced
				case strconv.Itoa(int(committed)), strconv.Itoa(int(begun)), strconv.Itoa(int(placed)):
					want, whole = replaced, alone
				}
				if at != strconv.Itoa(int(away)) {
					got := contents(t, Current(dir))
					maps.DeleteFunc(got, func(name, _ string) bool { return strings.HasPrefix(name, Hidden+"/") })
					if !maps.Equal(got, whole) {
						t.Errorf("after the kill it holds %v, want %v", got, whole)
					}
				}
				if err := Clean(dir); err != nil {
					t.Fatal(err)
				}
				filetest.Holds(t, parent, "model")
				if got := contents(t, dir); !maps.Equal(got, want) {
					t.Errorf("after Clean it holds %v, want %v", got, want)
				}
				// And the next run replaces it.
				err = replacing(way, func(point) {}).do(dir, func(tmp string) error {
					return errors.Join(os.WriteFile(filepath.Join(tmp, "weights"), []byte("new"), 0o666), writeRest(tmp))
				})
				if err != nil {
					t.Fatal(err)
				}
				filetest.Holds(t, parent, "model")
				if got := contents(t, dir); !maps.Equal(got, replaced) {
					t.Errorf("replaced, it holds %v", got)
				}
			})
		}
	}
}

// Folders of others stay where they are: somebody may be writing in them.
func TestFoldersOfOthersStay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	others := filepath.Join(dir, "runs", "1")
	if err := os.MkdirAll(others, 0o755); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(others)
	if err != nil {
		t.Fatal(err)
	}
	err = Replace(dir, func(tmp string) error {
		write(t, others, "meanwhile", "theirs")
		write(t, tmp, "weights", "new")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(others)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("it isn't the same folder any more (%v)", err)
	}
	if got, want := contents(t, dir), map[string]string{"weights": "new", "runs/1/meanwhile": "theirs"}; !maps.Equal(got, want) {
		t.Errorf("it holds %v, want %v", got, want)
	}
}

// contents maps the files below dir to their texts.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

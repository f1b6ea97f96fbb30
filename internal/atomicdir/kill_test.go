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
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Replacements are killed in processes of their own: this test's program, started
// anew with these variables.
const (
	childDir      = "TRIDENT_ATOMICDIR_DIR"
	childPoint    = "TRIDENT_ATOMICDIR_POINT" // where it is to be killed
	childExchange = "TRIDENT_ATOMICDIR_NO_EXCHANGE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Println(killed(dir, os.Getenv(childPoint), os.Getenv(childExchange) != ""))
		os.Exit(1) // it should not have come here
	}
	os.Exit(m.Run())
}

// killed replaces dir, and kills this process on the way.
func killed(dir, at string, noExchange bool) error {
	die := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }
	r := replacement{exchange: exchange, reached: func(p point) {
		if strconv.Itoa(int(p)) == at {
			die()
		}
	}}
	if noExchange {
		r.exchange = cannotExchange
	}
	return r.do(dir, func(tmp string) error {
		if err := os.WriteFile(filepath.Join(tmp, "weights"), []byte("new"), 0o666); err != nil {
			return err
		}
		if at == "half written" {
			die()
		}
		return os.WriteFile(filepath.Join(tmp, "labels"), []byte("new"), 0o666)
	})
}

// cannotExchange is what a file system says that can't.
func cannotExchange(string, string) error { return unix.EINVAL }

// A process that is killed at any point leaves the old folder or the new one, whole,
// and after Clean nothing else.
func TestKilledAnywhere(t *testing.T) {
	old := map[string]string{"weights": "old", "labels": "old", "notes.txt": "mine", "more/a": "mine too"}
	replaced := map[string]string{"weights": "new", "labels": "new", "notes.txt": "mine", "more/a": "mine too"}
	for _, noExchange := range []bool{false, true} {
		at := []string{"half written"}
		for p := range points {
			if noExchange || p != away {
				at = append(at, strconv.Itoa(int(p)))
			}
		}
		for _, at := range at {
			t.Run(fmt.Sprintf("at %s, no exchange %t", at, noExchange), func(t *testing.T) {
				parent := t.TempDir()
				dir := filepath.Join(parent, "model")
				for name, text := range old {
					if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
						t.Fatal(err)
					}
					write(t, dir, name, text)
				}
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childDir+"="+dir, childPoint+"="+at)
				if noExchange {
					cmd.Env = append(cmd.Env, childExchange+"=1")
				}
				out, err := cmd.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
					t.Fatalf("it was not killed: %v, %s", err, out)
				}
				want := old
				if at == strconv.Itoa(int(exchanged)) {
					want = replaced
				}
				if at != strconv.Itoa(int(away)) {
					if got := contents(t, dir); !maps.Equal(got, want) {
						t.Errorf("after the kill it holds %v, want %v", got, want)
					}
				}
				if err := Clean(dir); err != nil {
					t.Fatal(err)
				}
				expectEntries(t, parent, "model")
				if got := contents(t, dir); !maps.Equal(got, want) {
					t.Errorf("after Clean it holds %v, want %v", got, want)
				}
				// And the next run replaces it.
				r := replacement{exchange: exchange, reached: func(point) {}}
				if noExchange {
					r.exchange = cannotExchange
				}
				err = r.do(dir, func(tmp string) error {
					return errors.Join(os.WriteFile(filepath.Join(tmp, "weights"), []byte("new"), 0o666), os.WriteFile(filepath.Join(tmp, "labels"), []byte("new"), 0o666))
				})
				if err != nil {
					t.Fatal(err)
				}
				expectEntries(t, parent, "model")
				if got := contents(t, dir); !maps.Equal(got, replaced) {
					t.Errorf("replaced, it holds %v", got)
				}
			})
		}
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

package run

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/pkg/config"
)

// A file system without locks is told, and nothing is left there.
func TestFileSystemWithoutLocks(t *testing.T) {
	for _, number := range []syscall.Errno{syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP, syscall.EIO} {
		t.Chdir(t.TempDir())
		dir, err := modeldir.Find("m", modelNames(config.Default(config.TaskNER).Output))
		if err != nil {
			t.Fatal(err)
		}
		_, err = lockBy(dir, "output.model_dir", func(int, int) error { return number })
		if !errors.Is(err, number) || (number != syscall.EIO) != strings.Contains(err.Error(), "set output.model_dir to a folder on another disk") {
			t.Errorf("error %v", err)
		}
		for _, path := range []string{"m", "m.run"} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is still there: %v", path, err)
			}
		}

		// What another has made stays.
		if err := errors.Join(os.Mkdir("m.run", 0o777), os.WriteFile("m.run/lock", []byte("17\n"), 0o666)); err != nil {
			t.Fatal(err)
		}
		if _, err := lockBy(dir, "output.model_dir", func(int, int) error { return number }); !errors.Is(err, number) {
			t.Errorf("error %v", err)
		}
		if text, err := os.ReadFile("m.run/lock"); string(text) != "17\n" {
			t.Errorf("the lock is %q (%v)", text, err)
		}
	}
}

// Package disktest simulates disk failures for tests: full disks, and folders that can't
// be written.
package disktest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// WithFileLimit calls during while no file of this process can grow beyond limit bytes.
// Writes then fail halfway with EFBIG, as they do with ENOSPC on a full disk. It works
// everywhere, but only inside [Alone], since the limit also applies to files that the go
// command makes a test write.
func WithFileLimit(t *testing.T, limit uint64, during func()) {
	t.Helper()
	if os.Getenv(childVariable) != t.Name() {
		t.Fatal("WithFileLimit is called outside Alone")
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: min(limit, before.Max), Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	}()
	during()
}

// WithoutRoot calls during without root's right to override a folder's mode. This affects
// only the calling goroutine.
func WithoutRoot(t testing.TB, during func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		during()
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	setFSUID(t, nobody)
	defer setFSUID(t, 0)
	during()
}

// setFSUID sets the thread's file system user id. The system call doesn't report failure;
// a second call with an invalid id returns the current one.
func setFSUID(t testing.TB, id int) {
	t.Helper()
	if _, err := unix.SetfsuidRetUid(id); err != nil {
		t.Fatal(err)
	}
	if is, err := unix.SetfsuidRetUid(-1); err != nil || is != id {
		t.Fatalf("the thread's user for files is %d, not %d (%v)", is, id, err)
	}
}

// Folder is t.TempDir, but accessible to other users.
func Folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// childVariable names the test that a child process was started for.
const childVariable = "TRIDENT_DISKTEST"

// Alone calls body in a separate process: the test is run again there, and the caller
// waits for it.
func Alone(t *testing.T, body func()) {
	t.Helper()
	if os.Getenv(childVariable) == t.Name() {
		body()
		return
	}
	if err := inChild(t, &syscall.SysProcAttr{}); err != nil {
		t.Fatal(err)
	}
}

// OnSmallDisk is [Alone] with a folder on a real file system of that many bytes. If the
// machine permits no mounts, this is logged and body isn't called: prefer WithFileLimit
// where it suffices.
func OnSmallDisk(t *testing.T, bytes int, body func(dir string)) {
	t.Helper()
	if os.Getenv(childVariable) == t.Name() {
		dir := t.TempDir()
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}()
		body(dir)
		return
	}
	err := inChild(t, &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	})
	if err != nil {
		t.Logf("this machine permits no mounts (%v): not tried on a small disk", err)
	}
}

// inChild runs the test again in a separate process. The error means that the process
// couldn't be started; failures inside it fail the test.
func inChild(t *testing.T, attr *syscall.SysProcAttr) error {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run", "^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.count", "1", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"="+t.Name())
	cmd.SysProcAttr = attr
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Errorf("in a process of its own: %v\n%s", err, output)
	case err != nil:
		return err
	case !strings.Contains(string(output), "--- PASS: "+t.Name()):
		t.Errorf("the test did not run in a process of its own:\n%s", output)
	}
	return nil
}

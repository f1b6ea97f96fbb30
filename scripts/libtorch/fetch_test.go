// Package libtorch tests ../fetch_libtorch.sh in a copy of what it needs, with
// stand-ins for the tools that it calls.
package libtorch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// machine is a clone in a temporary folder and the tools on its PATH.
type machine struct {
	t    *testing.T
	root string
	bin  string
	env  []string
}

const versionHeader = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 11\n#define TORCH_VERSION_PATCH 0\n"

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t: t, root: filepath.Join(dir, "clone"), bin: filepath.Join(dir, "bin")}
	m.env = []string{"PATH=" + m.bin, "HOME=" + dir, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache")}
	for name, path := range map[string]string{
		"scripts/fetch_libtorch.sh":  "../fetch_libtorch.sh",
		"scripts/libtorch/cpu.txt":   "cpu.txt",
		"scripts/libtorch/cuda.txt":  "cuda.txt",
		"scripts/libtorch/unpack.py": "unpack.py",
		"scripts/patchgotch/main.go": "../patchgotch/main.go",

		"internal/torchx/nccl/plugin.cpp": "../../internal/torchx/nccl/plugin.cpp",
		"internal/torchx/nccl/plugin.h":   "../../internal/torchx/nccl/plugin.h",
		"internal/torchx/nccl/nv/target":  "../../internal/torchx/nccl/nv/target",

		"go.mod": "../../go.mod",
		"go.sum": "../../go.sum",
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m.write(name, string(data))
	}
	for _, tool := range []string{
		"bash", "awk", "basename", "cat", "chmod", "cp", "cut", "date", "df", "dirname", "env", "find", "flock", "grep", "ln", "ls", "mkdir", "mv",
		"paste", "readlink", "realpath", "rm", "rmdir", "sha256sum", "sleep", "touch", "uname", "wc",
	} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(m.bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(m.bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	m.tool("g++", "echo 12")
	m.tool("ldd", "echo 'libc.so.6 => /lib/libc.so.6 (0x0)'")
	m.tool("go", `[[ $1 == run ]] && mkdir "$4"`)
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

func (m *machine) write(name, content string) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(m.path(name), []byte(content), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// tool puts a stand-in on the PATH.
func (m *machine) tool(name, script string) {
	m.t.Helper()
	path := filepath.Join(m.bin, name)
	if err := os.RemoveAll(path); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!"+filepath.Join(m.bin, "bash")+"\n"+script+"\n"), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// libtorch makes a folder that looks like one.
func (m *machine) libtorch(version string) string {
	m.write("../libtorch/include/ATen/ATen.h", "")
	m.write("../libtorch/include/torch/headeronly/version.h", version)
	m.write("../libtorch/lib/libtorch_cpu.so", "")
	return filepath.Join(filepath.Dir(m.root), "libtorch")
}

func (m *machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(m.bin, "bash"), append([]string{m.path("scripts/fetch_libtorch.sh")}, args...)...)
	cmd.Env = m.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func (m *machine) run(args ...string) (code int, output string) {
	m.t.Helper()
	out, err := m.command(args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return 0, string(out)
}

func (m *machine) mustRun(args ...string) string {
	m.t.Helper()
	code, out := m.run(args...)
	if code != 0 {
		m.t.Fatalf("exit code %d: %s", code, out)
	}
	return out
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(m *machine)
		args    []string
		code    int
		want    string
	}{
		{"unknown argument", nil, []string{"--gpu"}, 2, "unknown argument --gpu"},
		{"unknown variant", nil, []string{"--variant", "rocm"}, 2, "want cpu, cuda or auto"},
		{"no value", nil, []string{"--from"}, 2, "--from needs a value"},
		{"no g++", func(m *machine) { os.Remove(filepath.Join(m.bin, "g++")) }, nil, 1, "no g++ found"},
		{"old g++", func(m *machine) { m.tool("g++", "echo 11.2.0") }, nil, 1, "version 11.2.0, but 12"},
		{"no go", func(m *machine) { os.Remove(filepath.Join(m.bin, "go")) }, nil, 1, "no go found"},
		{"another architecture", func(m *machine) { m.tool("uname", `[[ $1 == -m ]] && echo aarch64 || echo Linux`) }, nil, 1, "Linux on aarch64"},
		{"neither pip nor curl", nil, []string{"--variant", "cpu"}, 1, "neither python3 with pip nor curl found"},
		{"no space", func(m *machine) { m.tool("df", "echo; echo x 9 9 5 9%") }, []string{"--from", "LIBTORCH"}, 1, "5 MB left, but libtorch needs 600 MB"},
		{"nothing there", nil, []string{"--from", "/no/such/folder"}, 1, "no such file or folder"},
		{"a folder without libtorch", func(m *machine) { m.write("../empty/file", "") }, []string{"--from", "EMPTY"}, 1, "holds include/ATen"},
		{"another version", func(m *machine) { m.libtorch(strings.Replace(versionHeader, "11", "9", 1)) }, []string{"--from", "LIBTORCH"}, 1, "version 2.9.0, but 2.11.0 is needed"},
		{"libraries are missing", func(m *machine) { m.tool("ldd", "echo '	libcudart.so.13 => not found'") }, []string{"--from", "LIBTORCH"}, 1, "lacks libraries: libcudart.so.13"},
		{"no CUDA in it", nil, []string{"--variant", "cuda", "--from", "LIBTORCH"}, 1, "no libtorch_cuda.so"},
		{"a workspace of somebody's", func(m *machine) { m.write("go.work", "go 1.26\n") }, []string{"--from", "LIBTORCH"}, 1, "go.work is not ours"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			places := strings.NewReplacer("LIBTORCH", m.libtorch(versionHeader), "EMPTY", filepath.Join(filepath.Dir(m.root), "empty"))
			if test.prepare != nil {
				test.prepare(m)
			}
			var args []string
			for _, arg := range test.args {
				args = append(args, places.Replace(arg))
			}
			code, out := m.run(args...)
			if code != test.code || !strings.Contains(out, test.want) {
				t.Errorf("exit code %d, want %d; %q should say %q", code, test.code, out, test.want)
			}
			if _, err := os.Lstat(m.path(".libtorch")); err == nil {
				t.Error(".libtorch was made all the same")
			}
		})
	}
}

func TestHelp(t *testing.T) {
	if out := newMachine(t).mustRun("--help"); !strings.Contains(out, "Examples:") {
		t.Errorf("help is %q", out)
	}
}

func TestFromFolder(t *testing.T) {
	m := newMachine(t)
	m.mustRun("--variant", "cpu", "--from", m.libtorch(versionHeader))
	if _, err := os.Stat(m.path(".libtorch/lib/libtorch_cpu.so")); err != nil {
		t.Error(err)
	}
	store, err := os.Readlink(m.path(".libtorch"))
	if err != nil {
		t.Fatal(err)
	}
	work, err := os.ReadFile(m.path("go.work"))
	if err != nil || !strings.Contains(string(work), `replace github.com/sugarme/gotch => "`+store+"/gotch-") || !strings.Contains(string(work), "use .\n") {
		t.Errorf("go.work is %q, %v", work, err)
	}

	// A second run has nothing to do, whatever has become of the source.
	if err := os.RemoveAll(filepath.Join(m.bin, "df")); err != nil {
		t.Fatal(err)
	}
	if out := m.mustRun(); out != "" {
		t.Errorf("the second run says %q", out)
	}
}

func TestPrefix(t *testing.T) {
	m := newMachine(t)
	dir := filepath.Join(t.TempDir(), "here")
	m.mustRun("--from", m.libtorch(versionHeader), "--prefix", dir)
	if got, err := os.Readlink(m.path(".libtorch")); err != nil || got != dir {
		t.Errorf(".libtorch is %q, %v; want %q", got, err, dir)
	}
	m.write("../full/file", "")
	if code, out := m.run("--from", m.libtorch(versionHeader), "--prefix", filepath.Join(filepath.Dir(m.root), "full")); code != 1 || !strings.Contains(out, "isn't empty") {
		t.Errorf("exit code %d, %q for a folder with other things in it", code, out)
	}
}

// Without Python, curl fetches what is pinned, and unzip unpacks it.
func TestCurl(t *testing.T) {
	const wheel = "a wheel"
	pin := fmt.Sprintf("%x", sha256.Sum256([]byte(wheel)))
	for name, test := range map[string]struct {
		page, file string
		want       string // in the error; none if empty
	}{
		"pinned":        {"torch.whl#sha256=" + pin, wheel, ""},
		"not there":     {"torch.whl#sha256=" + strings.Repeat("0", 64), wheel, "has no file with the pinned SHA-256 " + pin},
		"another":       {"torch.whl#sha256=" + pin, "tampered with", "does not have the pinned SHA-256 " + pin},
		"no such index": {"", wheel, "curl could not read https://pypi.org/simple/torch/"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.write("scripts/libtorch/cpu.txt", "torch==2.11.0 --hash=sha256:"+pin+"\n")
			source := m.libtorch(versionHeader)
			page, file := filepath.Join(filepath.Dir(m.root), "page"), filepath.Join(filepath.Dir(m.root), "file")
			if test.page != "" {
				m.write("../page", `<a href="https://host/old.whl#sha256=00">`+"\n"+`<a href="https://host/`+test.page+`">`+"\n")
			}
			m.write("../file", test.file)
			m.tool("curl", `
				for last; do :; done
				if [[ $last == */torch/ ]]; then exec cat `+page+`; fi
				while [[ $1 != --output ]]; do shift; done
				exec cp `+file+` "$2"`)
			m.tool("unzip", `while [[ $1 != -d ]]; do shift; done; mkdir -p "$2"; exec cp -a `+source+` "$2/torch"`)
			code, out := m.run("--variant", "cpu")
			laid, err := filepath.Glob(filepath.Join(filepath.Dir(m.root), "cache/trident/*/lib/libtorch_cpu.so"))
			switch {
			case err != nil:
				t.Fatal(err)
			case test.want == "" && (code != 0 || len(laid) != 1):
				t.Errorf("exit code %d, laid %v: %s", code, laid, out)
			case test.want != "" && (code != 1 || len(laid) != 0 || !strings.Contains(out, test.want)):
				t.Errorf("exit code %d, laid %v; %q should say %q", code, laid, out, test.want)
			}
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(m.root), "cache/trident/downloads/.*")); err != nil || left != nil {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// The plug-in for NCCL is built into a libtorch with CUDA, once. Without the
// headers, or when it can't be built, all else is laid all the same.
func TestPlugin(t *testing.T) {
	const compiler = `if [[ $1 == -dump* ]]; then echo 12; exit; fi; while [[ $1 != -o ]]; do shift; done; `
	for name, test := range map[string]struct {
		headers []string
		build   string
		want    string // in the output
		laid    bool
	}{
		"built":          {[]string{"nccl.h", "crt/host_config.h"}, `echo >"$2"`, "building libtrident_nccl.so", true},
		"can't be built": {[]string{"nccl.h", "crt/host_config.h"}, `echo half >"$2"; exit 1`, "could not be built", false},
		"laid earlier":   {nil, "exit 1", "no headers of CUDA and NCCL", false},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			store := m.libtorch(versionHeader)
			for _, file := range append(test.headers, "../lib/libtorch_cuda.so", "../.complete") {
				m.write("../libtorch/cuda/"+file, "")
			}
			m.tool("g++", compiler+test.build)
			if out := m.mustRun("--variant", "cuda", "--prefix", store); !strings.Contains(out, test.want) {
				t.Errorf("%q should say %q", out, test.want)
			}
			_, err := os.Stat(m.path(".libtorch/lib/libtrident_nccl.so"))
			if left, _ := filepath.Glob(filepath.Join(store, ".nccl-*")); (err == nil) != test.laid || left != nil {
				t.Errorf("laid: %v, left behind: %v", err, left)
			}
			if out := m.mustRun(); (out == "") != (test.want != "could not be built") {
				t.Errorf("the second run says %q", out)
			}
		})
	}
}

// A run that is interrupted leaves nothing that a later one would use.
func TestInterrupted(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			m := newMachine(t)
			source := m.libtorch(versionHeader)
			reached := filepath.Join(t.TempDir(), "reached")
			m.tool("ldd", "touch "+reached+"; sleep 60") // the last check before it counts as laid
			cmd := m.command("--variant", "cpu", "--from", source)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for {
				if _, err := os.Stat(reached); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("the interrupted run succeeded")
			}
			if laid, err := filepath.Glob(filepath.Join(filepath.Dir(m.root), "cache/trident/*/.complete")); err != nil || laid != nil {
				t.Errorf("laid all the same: %v, %v", laid, err)
			}
			m.tool("ldd", "true")
			m.mustRun("--variant", "cpu", "--from", source)
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(m.root), "cache/trident/*tmp*")); err != nil || left != nil {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

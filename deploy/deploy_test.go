// Package deploy_test holds the files of deploy/ against the repository: commands and
// flags that they name exist, as do images and paths. "make deploy-check" holds them
// against the schemas.
package deploy_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// container is what a pod or compose's service runs, as far as it is checked.
type container struct {
	Name         string
	Image        string
	Command      []string
	Args         []string
	VolumeMounts []struct{ Name, MountPath string } `yaml:"volumeMounts"`
	Volumes      []string
	Resources    struct{ Limits map[string]string }
}

// objects reads a file's documents. A key that stands twice is an error.
func objects(t *testing.T, file string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	for decoder := yaml.NewDecoder(strings.NewReader(string(data))); ; {
		var object map[string]any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, object)
	}
}

// containers finds what the files run, by file and name.
func containers(t *testing.T) map[string]container {
	t.Helper()
	files, err := filepath.Glob("k8s/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d manifests, %v", len(files), err)
	}
	found := map[string]container{}
	add := func(name string, value any) {
		data, err := yaml.Marshal(value)
		var c container
		if err == nil {
			err = yaml.Unmarshal(data, &c)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found[name] = c
	}
	for _, file := range files {
		for _, object := range objects(t, file) {
			walk(object, file, func(at string, value map[string]any) {
				if value["image"] != nil {
					add(at, value)
				}
			})
		}
	}
	for _, object := range objects(t, "compose.yaml") {
		for name, service := range object["services"].(map[string]any) {
			add("compose.yaml/"+name, service)
		}
	}
	if len(found) < 5 {
		t.Fatalf("there are only %v", slices.Collect(maps.Keys(found)))
	}
	return found
}

func walk(value any, at string, visit func(at string, value map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(at, value)
		for key, inner := range value {
			walk(inner, at+"/"+key, visit)
		}
	case []any:
		for i, inner := range value {
			walk(inner, fmt.Sprint(at, "/", i), visit)
		}
	}
}

// ours tells whether an image is one that we build.
func ours(image string) bool { return strings.HasPrefix(image, "trident:") }

// line is the command line of a container.
func (c container) line() []string { return slices.Concat(c.Command, c.Args) }

// The commands know the flags that they are given. What the values of infer's mean is
// checked in cmd/infer.
func TestCommandsKnowTheirFlags(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin+"/", "../cmd/train", "../cmd/infer", "../cmd/serve").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, c := range containers(t) {
		if !ours(c.Image) {
			continue
		}
		line := c.line()
		cmd := exec.Command(filepath.Join(bin, line[0]), append(line[1:], "--help")...)
		cmd.Env = append(os.Environ(), "JOB_COMPLETION_INDEX=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %v\n%s", name, line, err, out)
		}
	}
	// What is above would not notice if --help hid unknown flags.
	if out, err := exec.Command(filepath.Join(bin, "train"), "--no-such-flag", "--help").CombinedOutput(); err == nil {
		t.Errorf("an unknown flag isn't noticed: %s", out)
	}
}

// Each image of ours is built by a Dockerfile that names it, and what asks for a GPU
// has the one with CUDA.
func TestImages(t *testing.T) {
	built := map[string]bool{}
	for _, file := range dockerfiles {
		image := regexp.MustCompile(`-f deploy/` + regexp.QuoteMeta(file) + ` -t (\S+) `).FindStringSubmatch(readFile(t, file))
		if image == nil {
			t.Fatalf("%s doesn't say how it is built", file)
		}
		built[image[1]] = true
	}
	for name, c := range containers(t) {
		switch {
		case ours(c.Image) && !built[c.Image]:
			t.Errorf("%s: nothing builds %s", name, c.Image)
		case !ours(c.Image) && !regexp.MustCompile(`:v?\d+\.\d+\.\d+$`).MatchString(c.Image):
			t.Errorf("%s: %s has no fixed version", name, c.Image)
		}
		if gpu := c.Resources.Limits["nvidia.com/gpu"] != ""; gpu != (c.Image == "trident:cuda") {
			t.Errorf("%s has the image %s, and a GPU: %v", name, c.Image, gpu)
		}
	}
}

// Paths in command lines are in the image or on a volume.
func TestPaths(t *testing.T) {
	inImage := regexp.MustCompile(`^/opt/trident/configs/`)
	paths := regexp.MustCompile(`(?:^|=)(/[A-Za-z][^ =]*)`)
	n := 0
	for name, c := range containers(t) {
		var mounts []string
		for _, m := range c.VolumeMounts {
			mounts = append(mounts, m.MountPath)
		}
		for _, v := range c.Volumes {
			mounts = append(mounts, strings.Split(v, ":")[1])
		}
		for _, word := range c.line() {
			found := paths.FindStringSubmatch(word)
			if found == nil || strings.HasPrefix(word, "--shard=") {
				continue
			}
			n++
			p := found[1]
			if inImage.MatchString(p) {
				if _, err := os.Stat(filepath.Join("..", strings.TrimPrefix(p, "/opt/trident/"))); err != nil {
					t.Errorf("%s: %s isn't in the image: %v", name, p, err)
				}
				continue
			}
			if !slices.ContainsFunc(mounts, func(mount string) bool { return p == mount || strings.HasPrefix(p, mount+"/") }) {
				t.Errorf("%s: %s is on none of the volumes %v", name, p, mounts)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d paths were found", n)
	}
}

var dockerfiles = []string{"Dockerfile", "Dockerfile.cuda"}

// What the Dockerfiles copy is there and isn't kept from docker, and nothing else goes
// to it: no call, no model.
func TestDockerContext(t *testing.T) {
	lines := strings.Split(readFile(t, "../.dockerignore"), "\n")
	if lines[1] != "*" {
		t.Error(".dockerignore doesn't begin with leaving everything out")
	}
	for _, file := range dockerfiles {
		for _, line := range strings.Split(readFile(t, file), "\n") {
			rest, found := strings.CutPrefix(line, "COPY ")
			if !found || strings.HasPrefix(rest, "--from=build") {
				continue
			}
			words := strings.Fields(rest)
			for _, source := range words[:len(words)-1] {
				if _, err := os.Stat(filepath.Join("..", source)); err != nil {
					t.Errorf("%s: %v", file, err)
				}
				top, _, _ := strings.Cut(path.Clean(source), "/")
				if !slices.Contains(lines, "!"+top) {
					t.Errorf("%s copies %s, which .dockerignore leaves out", file, source)
				}
			}
		}
	}
	for _, line := range lines {
		name, allowed := strings.CutPrefix(line, "!")
		if !allowed {
			continue
		}
		if out, err := exec.Command("git", "-C", "..", "ls-files", "--", name).Output(); err != nil || len(out) == 0 {
			t.Errorf(".dockerignore lets %s through, which isn't in the repository (%v)", name, err)
		}
	}
}

// What the commands are built of is copied.
func TestDockerfilesCopyAll(t *testing.T) {
	const module = "github.com/trident-nlp/trident/"
	out, err := exec.Command("go", "list", "-deps", module+"cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range dockerfiles {
		text, n := readFile(t, file), 0
		for line := range strings.Lines(string(out)) {
			dir, own := strings.CutPrefix(line, module)
			top, _, _ := strings.Cut(strings.TrimSpace(dir), "/")
			if !own {
				continue
			}
			if n++; !strings.Contains(text, fmt.Sprintf("\nCOPY %s %[1]s\n", top)) {
				t.Errorf("%s doesn't copy %s", file, strings.TrimSpace(dir))
			}
		}
		if n < 20 {
			t.Errorf("only %d packages were found", n)
		}
	}
}

// The two images differ in libtorch alone. Neither runs as root.
func TestDockerfilesAgree(t *testing.T) {
	var texts []string
	for _, file := range dockerfiles {
		_, text, _ := strings.Cut(readFile(t, file), "\nFROM ")
		text = strings.NewReplacer("--variant cuda && rm -rf /root/.cache/trident/downloads", "--variant cpu",
			" \\\n\tNVIDIA_VISIBLE_DEVICES=all \\\n\tNVIDIA_DRIVER_CAPABILITIES=compute,utility", "").Replace(text)
		if !strings.Contains(text, "\nUSER 10001:10001\n") {
			t.Errorf("%s runs as root", file)
		}
		texts = append(texts, text)
	}
	if texts[0] != texts[1] {
		t.Errorf("they differ:\n%s\n%s", texts[0], texts[1])
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readFile(t, "../go.mod"))[1]
	if !strings.HasPrefix(texts[0], "golang:"+version+"-") {
		t.Errorf("go.mod wants Go %s, and the images are built with another", version)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

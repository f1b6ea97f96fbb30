package cli

import (
	"bytes"
	"context"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

type linked struct {
	Model string `required:""`
}

func (*linked) Run(context.Context, Streams) error { return nil }
func (*linked) Libtorch() string                   { return "2.11.0" }

func TestVersion(t *testing.T) {
	var out, errs bytes.Buffer
	code := Main("linked", "", &linked{}, []string{"--version"}, Streams{Out: &out, Err: &errs}) // without what is required
	if code != OK || errs.Len() > 0 || !strings.HasPrefix(out.String(), "linked ") || !strings.HasSuffix(out.String(), ", libtorch 2.11.0\n") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("code %d, %q, %q", code, out.String(), errs.String())
	}
	built := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "484a2bee9aadb38b6cb4dfd29ed40b6fea151adb"}, {Key: "vcs.time", Value: "2026-11-26T01:48:13Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	for want, info := range map[string]*debug.BuildInfo{
		"fake v1.2.3, commit 484a2bee9aad (2026-11-26, modified since), go1.26.0":                  built,
		"fake of no known version, commit unknown (go build notes it in a clone, go run does not)": nil,
	} {
		if got := version("fake", &fake{}, info, info != nil); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// paths are given as shells don't expand them.
type paths struct {
	Model   string   `path:""`
	Data    []string `sep:"none" path:"parts"`
	Compare []string `sep:"none" path:"parts"`
	Text    string
	Place   string `arg:"" optional:"" path:""`
}

func (*paths) Run(context.Context, Streams) error { return nil }

func TestPaths(t *testing.T) {
	t.Setenv("HOME", "/home/amina")
	var out, errs bytes.Buffer
	p := new(paths)
	args := []string{"--model=~/m", "--data", "ner=~/a", "--data=~/b", "--data=c=~/d=~/e", "--data=./x=~/f", "--compare=~/a+~/b+c", "--text=~/t", "~"}
	if code := Main("paths", "", p, args, Streams{Out: &out, Err: &errs}); code != OK {
		t.Fatal(errs.String())
	}
	if p.Model != "/home/amina/m" || p.Text != "~/t" || p.Place != "/home/amina" {
		t.Errorf("%+v", p)
	}
	if want := []string{"ner=/home/amina/a", "/home/amina/b", "c=/home/amina/d=~/e", "./x=~/f"}; !slices.Equal(p.Data, want) {
		t.Errorf("data %q, want %q", p.Data, want)
	}
	if want := []string{"/home/amina/a+/home/amina/b+c"}; !slices.Equal(p.Compare, want) {
		t.Errorf("compare %q, want %q", p.Compare, want)
	}
}

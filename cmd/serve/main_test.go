package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/serve"
)

// asCommand is a variable that makes the test's program the serve command, so
// that tests have real processes to send signals to.
const asCommand = "TRIDENT_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestBadFlags(t *testing.T) {
	model := tinymodel.Dir(t, 1)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	if err := os.WriteFile(keys, []byte("a SECRET\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		code int
		err  string
	}{
		"no model":        {nil, cli.Misuse, "--model"},
		"missing model":   {[]string{"--model", filepath.Join(dir, "none")}, cli.Failure, `train one with "go run ./cmd/train"`},
		"model a file":    {[]string{"--model", keys}, cli.Failure, "is a file"},
		"no model in it":  {[]string{"--model", dir, "--listen", "127.0.0.1:0", "--log-level", "error"}, cli.Failure, "no weights"},
		"open to all":     {[]string{"--model", model, "--listen", ":0"}, cli.Misuse, "can be reached from other machines; give --keys FILE, or --no-keys"},
		"no host":         {[]string{"--model", model, "--listen", "0.0.0.0:0"}, cli.Misuse, "can be reached from other machines"},
		"no port":         {[]string{"--model", model, "--listen", "127.0.0.1"}, cli.Misuse, "--listen"},
		"bad keys":        {[]string{"--model", model, "--keys", keys}, cli.Failure, "line 1: the key has 6 characters"},
		"half of TLS":     {[]string{"--model", model, "--tls-cert", keys}, cli.Misuse, "go together"},
		"no certificate":  {[]string{"--model", model, "--tls-cert", keys, "--tls-key", keys}, cli.Failure, "--tls-cert, --tls-key"},
		"threads":         {[]string{"--model", model, "--threads=-1"}, cli.Misuse, "--threads is -1"},
		"queue":           {[]string{"--model", model, "--queue-tokens=0"}, cli.Misuse, "--queue-tokens is 0"},
		"timeout":         {[]string{"--model", model, "--timeout=0s"}, cli.Misuse, "--timeout is 0s"},
		"timeout no time": {[]string{"--model", model, "--timeout=x"}, cli.Misuse, "--timeout"},
		"precision":       {[]string{"--model", model, "--precision=fp8"}, cli.Misuse, "--precision"},
		"device":          {[]string{"--model", model, "--device=tpu"}, cli.Failure, `device "tpu"`},
		"host with port":  {[]string{"--model", model, "--host=calls.example.org:80"}, cli.Misuse, "--host"},
		"host no name":    {[]string{"--model", model, "--host=http://calls"}, cli.Misuse, "--host"},
		"metrics":         {[]string{"--model", model, "--metrics=some"}, cli.Misuse, "--metrics"},
		"metrics keyless": {[]string{"--model", model, "--metrics=admin"}, cli.Misuse, "--metrics admin wants keys"},
		"review texts":    {[]string{"--model", model, "--review-texts"}, cli.Misuse, "go with --reviews DIR"},
		"retention":       {[]string{"--model", model, "--reviews", dir, "--review-retention", "soon"}, cli.Misuse, "want days, such as 90d"},
		"origin":          {[]string{"--model", model, "--origin=cases"}, cli.Failure, "origin"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errors bytes.Buffer
			code := cli.Main("serve", help, &flags{}, test.args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errors})
			text := errors.String()
			if i := strings.LastIndex(text, "serve: "); i > 0 && strings.HasPrefix(text, "{") { // lines of the log come first
				text = text[i:]
			}
			if code != test.code || !strings.Contains(text, test.err) || strings.Count(text, "\n") != 1 {
				t.Errorf("code %d, want %d; standard error %q, want one line with %q", code, test.code, text, test.err)
			}
			if strings.Contains(text, "SECRET") {
				t.Error("a key is in the error")
			}
		})
	}
}

// TestTwins: each flag can be given by the environment, under its own name, and
// has the default of the library.
func TestTwins(t *testing.T) {
	kind := reflect.TypeFor[flags]()
	for i := range kind.NumField() {
		field := kind.Field(i)
		name := strings.ToUpper(strings.Join(words(field.Name), "_"))
		if field.Tag.Get("env") != "TRIDENT_"+name {
			t.Errorf("%s has the twin %q, want TRIDENT_%s", field.Name, field.Tag.Get("env"), name)
		}
	}
	t.Setenv("TRIDENT_MODEL", "models/a")
	var f flags
	parser, err := kong.New(&f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil || f.Model != "models/a" {
		t.Fatalf("model %q: %v", f.Model, err)
	}
	got, err := f.config(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	got.Open, got.Page = nil, nil
	if want := serve.Defaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("the flags' defaults are %+v, the library's %+v", got, want)
	}
}

// words cuts a Go name: TLSCert is TLS, Cert.
func words(name string) []string {
	var list []string
	start := 0
	for i := 1; i < len(name); i++ {
		upper := func(j int) bool { return j < len(name) && name[j] >= 'A' && name[j] <= 'Z' }
		if upper(i) && (!upper(i-1) || i+1 < len(name) && !upper(i+1)) {
			list = append(list, name[start:i])
			start = i
		}
	}
	return append(list, name[start:])
}

package tracking

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParseURI: a tracking URI names a directory or a server, or is refused
// without its password.
func FuzzParseURI(f *testing.F) {
	for _, s := range []string{"", "file:./mlruns", "file:///a%20b", "file://host/x", "http://u:s3cret@host:5000/a/?q#f", "https://[::1", "postgres://u:s3cret@h/d", "./a:b", "FILE:%zz", "http:\x00", "c:\\x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		got, err := parseURI(uri)
		if err != nil {
			if !errors.Is(err, ErrUnsupportedURI) {
				t.Errorf("error %v", err)
			}
			if strings.Contains(uri, ":s3cret@") && !strings.HasPrefix(strings.ToLower(uri), "file:") && strings.Contains(err.Error(), "s3cret") {
				t.Error("the error holds the password")
			}
			return
		}
		if (got.dir == "") == (got.server == nil) {
			t.Errorf("directory %q, server %v", got.dir, got.server)
		}
		if got.dir != "" && got.dir != filepath.Clean(got.dir) {
			t.Errorf("directory %q", got.dir)
		}
		if got.server != nil && (got.server.Host == "" || strings.HasSuffix(got.server.Path, "/")) {
			t.Errorf("server %v", got.server.Redacted())
		}
	})
}

// FuzzMeta: a meta.yaml that is read means the same when it is written and read
// again.
func FuzzMeta(f *testing.F) {
	for _, s := range []string{"run_id: 0123\nname: 'x'\nstart_time: 5\n", "a: [1, {b: null}]", "- 1", "a: &a [*a]", "? [x]\n: y", "run_id: !!binary aGk=\n", "a: 2001-01-01\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, metaFile), data, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := readMeta(dir)
		if err != nil {
			return
		}
		if err := writeMeta(dir, m); err != nil {
			return // what YAML can say but not be said again
		}
		again, err := readMeta(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"run_id", "name", "experiment_id", "artifact_uri"} {
			if text, ok := m[field].(string); ok && again.text(field) != text {
				t.Errorf("%s is %q, was %q", field, again.text(field), text)
			}
		}
	})
}

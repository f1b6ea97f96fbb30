package hub

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRef: whatever a cache's note of a branch holds, it leads nowhere but into
// the model's snapshots.
func FuzzRef(f *testing.F) {
	for _, s := range []string{"0123456789012345678901234567890123456789", "../../..", "/", "", ".", "a/../..", "a/..", "\x00", "x\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, note []byte) {
		c := &Client{Cache: t.TempDir()}
		folder := c.folder("some/model")
		for _, dir := range []string{filepath.Dir(folder.ref("main")), folder.snapshot("x")} {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(folder.ref("main"), note, 0o600); err != nil {
			t.Fatal(err)
		}
		dir, ok := c.Cached("some/model", "main")
		if ok && !strings.HasPrefix(dir, filepath.Join(string(folder), "snapshots")+string(filepath.Separator)) {
			t.Errorf("%q leads to %s", note, dir)
		}
	})
}

// FuzzHeaders: what a server says of a file in its headers is taken or left.
func FuzzHeaders(f *testing.F) {
	f.Add("0123", `W/"abc"`, "12")
	f.Add("", `"`, "-1")
	f.Add("../x", "../../x", "99999999999999999999")
	f.Fuzz(func(t *testing.T, commit, hash, size string) {
		file := remoteFile{size: -1}
		file.learn(http.Header{"X-Repo-Commit": {commit}, "X-Linked-Etag": {hash}, "X-Linked-Size": {size}})
		if strings.HasPrefix(file.hash, `"`) || strings.HasSuffix(file.hash, `"`) {
			t.Errorf("hash %q", file.hash)
		}
		if hashForm.MatchString(file.hash) && filepath.Base(file.hash) != file.hash {
			t.Errorf("hash %q passes for a file's name", file.hash)
		}
	})
}

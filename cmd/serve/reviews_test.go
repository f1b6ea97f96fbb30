package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/reviews"
)

// review sends a review to a server and returns the answer's code.
func review(t *testing.T, address, text string) int {
	t.Helper()
	body := fmt.Sprintf(`{"text": %q, "new": {"classification": {"priority": "1"}}}`, text)
	answer, err := http.Post("http://"+address+"/v1/reviews", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	return answer.StatusCode
}

// A server that is killed leaves what it has kept, and what it had begun is set aside by
// the next. A second server on the folder is refused.
func TestReviews(t *testing.T) {
	model, dir := tinymodel.Dir(t, 1), filepath.Join(t.TempDir(), "reviews")
	args := []string{"--model", model, "--reviews", dir, "--review-texts", "--review-retention", "90d"}
	p := start(t, args...)
	if code := review(t, p.address, "my son SECRET"); code != http.StatusOK {
		t.Fatalf("code %d", code)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	second := exec.Command(program, append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	second.Env = append(os.Environ(), asCommand+"=1")
	said, err := second.CombinedOutput()
	if code := second.ProcessState.ExitCode(); err == nil || code != cli.Failure || !strings.Contains(string(said), fmt.Sprintf("another server keeps its reviews there (process %d)", p.cmd.Process.Pid)) {
		t.Errorf("a second server: exit code %d, %s", code, said)
	}
	p.signal(syscall.SIGKILL)
	p.end()
	f, err := os.OpenFile(filepath.Join(dir, "reviews.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"v":1,"id":"half`)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	p = start(t, args...)
	p.waitFor(func(line map[string]any) bool {
		return strings.HasPrefix(fmt.Sprint(line["msg"]), "a crash left an unfinished review")
	}, 1)
	if code := review(t, p.address, "my daughter SECRET"); code != http.StatusOK {
		t.Fatalf("code %d", code)
	}
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != cli.OK {
		t.Errorf("exit code %d", code)
	}
	loaded, err := reviews.Load(dir)
	if err != nil || len(loaded.Reviews) != 2 || len(loaded.Texts) != 2 || loaded.Torn {
		t.Errorf("%d reviews, %d texts, %v", len(loaded.Reviews), len(loaded.Texts), err)
	}
	if strings.Contains(p.text.String(), "SECRET") {
		t.Error("a text is in the log")
	}
}

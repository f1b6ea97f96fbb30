package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/client"
)

// process is a serve command in a process of its own.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string
	read    chan struct{} // closed when the log has ended

	mu   sync.Mutex
	more *sync.Cond
	log  []map[string]any
	text strings.Builder
	done bool
}

// start runs the command on a free port, and waits until it takes requests.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(program, append([]string{"--listen", "127.0.0.1:0"}, args...)...), read: make(chan struct{})}
	p.more = sync.NewCond(&p.mu)
	p.cmd.Env = append(os.Environ(), asCommand+"=1")
	log, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it has ended, unless the test has failed
	go p.follow(log)
	p.address, _ = p.waitFor(func(line map[string]any) bool { return line["msg"] == "listening" }, 1)["address"].(string)
	p.waitFor(isReload, 1)
	return p
}

func (p *process) follow(log io.Reader) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line map[string]any
		_ = json.Unmarshal(lines.Bytes(), &line) // what is no JSON is no line that anyone waits for
		p.mu.Lock()
		p.text.WriteString(lines.Text() + "\n")
		p.log = append(p.log, line)
		p.more.Broadcast()
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.done = true
	p.more.Broadcast()
	p.mu.Unlock()
	close(p.read)
}

func isReload(line map[string]any) bool { return line["msg"] == "reload" }

// waitFor waits for the n-th line of the log that fits.
func (p *process) waitFor(fits func(map[string]any) bool, n int) map[string]any {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		found := 0
		for _, line := range p.log {
			if fits(line) {
				if found++; found == n {
					return line
				}
			}
		}
		if p.done {
			p.t.Fatalf("the process ended: %s", p.text.String())
		}
		p.more.Wait()
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the end and returns the exit code.
func (p *process) end() int {
	p.t.Helper()
	<-p.read
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	if strings.Contains(p.text.String(), "beaten") {
		p.t.Error("a text is in the log")
	}
	return p.cmd.ProcessState.ExitCode()
}

var calls = client.Request{Texts: []string{"my son was beaten in Kisumu .", "Hello ? my name is Mwakamba"}, Scores: true}

// load asks from several goroutines at a time, half of them over a new
// connection each time, until stop is called, which returns how many answers there were. Every answer
// must be one; after leaving says so, a refused connection ends a goroutine.
type load struct {
	group   sync.WaitGroup
	stop    chan struct{}
	leaving atomic.Bool
	answers atomic.Int64
	errors  atomic.Int64
}

func (l *load) begin(t *testing.T, address string) {
	l.stop = make(chan struct{})
	for caller := range 6 {
		l.group.Go(func() {
			over := &http.Transport{DisableKeepAlives: caller%2 == 0}
			defer over.CloseIdleConnections()
			c, err := client.New("http://"+address, client.Options{Retries: -1, HTTP: &http.Client{Transport: over}})
			if err != nil {
				t.Error(err)
				return
			}
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				_, err := c.Predict(context.Background(), calls)
				switch {
				case err == nil:
					l.answers.Add(1)
				case l.leaving.Load() && errors.Is(err, syscall.ECONNREFUSED): // nobody accepted the connection
					return
				default:
					t.Errorf("a request was lost: %v", err)
					l.errors.Add(1)
					return
				}
			}
		})
	}
}

// TestSIGTERM: under load, what was accepted is answered, then the process ends
// with success.
func TestSIGTERM(t *testing.T) {
	p := start(t, "--model", tinymodel.Dir(t, 1), "--threads", "1")
	var l load
	l.begin(t, p.address)
	p.waitFor(isPredict, 50)
	l.leaving.Store(true)
	p.signal(syscall.SIGTERM)
	l.group.Wait()
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d: %s", code, p.text.String())
	}
	p.waitFor(func(line map[string]any) bool { return line["msg"] == "drained" }, 1)
	answered := 0
	for _, line := range p.log {
		if isPredict(line) && line["status"] == 200. {
			answered++
		}
	}
	if int64(answered) != l.answers.Load() {
		t.Errorf("the server answered %d requests, %d answers arrived", answered, l.answers.Load())
	}
}

func isPredict(line map[string]any) bool { return line["path"] == "/v1/predict" }

// TestSIGHUP: under load, models are swapped, and one that is gone is not.
func TestSIGHUP(t *testing.T) {
	link := filepath.Join(t.TempDir(), "current")
	if err := os.Symlink(tinymodel.Dir(t, 1), link); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--model", link, "--threads", "1")
	first := p.waitFor(isReload, 1)["model"]
	var l load
	l.begin(t, p.address)
	other := tinymodel.Dir(t, 2)
	if err := errors.Join(os.Remove(link), os.Symlink(other, link)); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	if second := p.waitFor(isReload, 2)["model"]; second == first || second == nil {
		t.Errorf("models %v and %v", first, second)
	}
	seen := l.answers.Load()
	if err := os.Rename(other, other+".gone"); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	if failed := p.waitFor(isReload, 3); failed["error"] == nil {
		t.Errorf("a model that is gone was loaded: %v", failed)
	}
	p.waitFor(isPredict, int(seen)+50)
	close(l.stop)
	l.group.Wait()
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 || l.errors.Load() > 0 {
		t.Errorf("exit code %d, %d requests lost", code, l.errors.Load())
	}
}

// TestTLSAndKeys: a server for a network, asked by the client package.
func TestTLSAndKeys(t *testing.T) {
	dir := t.TempDir()
	cert, key, keys := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "keys.txt")
	pool := certify(t, cert, key)
	if err := os.WriteFile(keys, []byte("nairobi 0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--model", tinymodel.Dir(t, 1), "--keys", keys, "--tls-cert", cert, "--tls-key", key, "--threads", "1")
	over := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	ask := func(secret string) error {
		c, err := client.New("https://"+p.address, client.Options{Key: secret, HTTP: over, Retries: -1})
		if err == nil {
			_, err = c.Predict(t.Context(), calls)
		}
		return err
	}
	if err := ask("0123456789abcdef"); err != nil {
		t.Error(err)
	}
	if page, err := over.Get("https://" + p.address + "/"); err != nil {
		t.Error(err)
	} else if err := page.Body.Close(); err != nil || page.StatusCode != http.StatusOK || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("the page: code %d, %q, %v", page.StatusCode, page.Header.Get("Content-Type"), err)
	}
	var problem *client.Problem
	if err := ask("0123456789abcdeX"); !errors.As(err, &problem) || problem.Status != http.StatusUnauthorized {
		t.Errorf("with another key: %v", err)
	}
	if err := os.WriteFile(keys, []byte("nairobi abcdef0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	renewed := certify(t, cert, key)
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.waitFor(isReload, 2)
	over.CloseIdleConnections()
	if err := ask("abcdef0123456789"); err == nil {
		t.Error("the earlier certificate is shown to new connections")
	}
	over = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: renewed}}}
	if err := ask("abcdef0123456789"); err != nil {
		t.Errorf("after keys and certificate were changed: %v", err)
	}
	if err := ask("0123456789abcdef"); !errors.As(err, &problem) || problem.Status != http.StatusUnauthorized {
		t.Errorf("with the key that was taken away: %v", err)
	}
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.waitFor(func(line map[string]any) bool { return line["msg"] == "the earlier certificate stays" }, 1)
	over.CloseIdleConnections()
	if err := ask("abcdef0123456789"); err != nil {
		t.Errorf("with a certificate that can't be read any more: %v", err)
	}
	p.waitFor(func(line map[string]any) bool { return line["file"] == key && line["mode"] == "0644" }, 1)
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(p.text.String(), "abcdef") {
		t.Error("a key is in the log")
	}
}

// TestAdminReload: who administrates may let keys and model be read anew; a file
// of keys that others can read is told of each time.
func TestAdminReload(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.txt")
	write := func(lines string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(keys, []byte(lines), 0o600), os.Chmod(keys, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	const admin, first, second = "admin-0123456789abcdef", "first-0123456789abcdef", "second-0123456789abcdef"
	write("ops " + admin + " admin\nnairobi " + first + "\n")
	p := start(t, "--model", tinymodel.Dir(t, 1), "--keys", keys, "--metrics", "admin", "--host", "calls.example.org", "--threads", "1")
	ask := func(key string) *client.Client {
		t.Helper()
		c, err := client.New("http://"+p.address, client.Options{Key: key, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	status := func(err error) int {
		var problem *client.Problem
		if errors.As(err, &problem) {
			return problem.Status
		}
		if err != nil {
			t.Error(err)
		}
		return http.StatusOK
	}
	write("ops " + admin + " admin\nkisumu " + second + "\n")
	if _, err := ask(first).Reload(t.Context()); status(err) != http.StatusForbidden {
		t.Errorf("with a key that isn't an administrator's: %v", err)
	}
	if _, err := ask(admin).Reload(t.Context()); err != nil {
		t.Error(err)
	}
	for key, want := range map[string]int{first: http.StatusUnauthorized, second: http.StatusOK, admin: http.StatusOK} {
		if _, err := ask(key).Predict(t.Context(), calls); status(err) != want {
			t.Errorf("after the reload: %v, want %d", err, want)
		}
	}
	for host, want := range map[string]int{"calls.example.org": http.StatusUnauthorized, "evil.example": http.StatusMisdirectedRequest} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.address+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != want {
			t.Errorf("metrics of %s: status %d, want %d", host, answer.StatusCode, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	exposed := func(line map[string]any) bool { return line["level"] == "WARN" && line["mode"] == "0644" }
	p.waitFor(exposed, 2)
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestHostsByListener: what the server answers to hangs on where it listens and
// on whether keys are wanted; the log says it.
func TestHostsByListener(t *testing.T) {
	for _, test := range []struct {
		f    flags
		want string
	}{
		{flags{Listen: "127.0.0.1:0"}, "localhost"},
		{flags{Listen: "localhost:0", Host: []string{"A.example"}}, "localhost, a.example"},
		{flags{Listen: "[::1]:0", Host: []string{"*"}}, "any"},
		{flags{Listen: "0.0.0.0:0", NoKeys: true}, "localhost, IP addresses"},
		{flags{Listen: ":0", NoKeys: true, Host: []string{"a.example"}}, "localhost, a.example, IP addresses"},
		{flags{Listen: ":0", Keys: "keys"}, "any"},
		{flags{Listen: ":0", Keys: "keys", Host: []string{"a.example"}}, "localhost, a.example, IP addresses"},
	} {
		h, err := test.f.hosts()
		if err != nil || h.String() != test.want {
			t.Errorf("%+v: %s, %v; want %s", test.f, h, err, test.want)
		}
	}
}

// certify writes a certificate for 127.0.0.1 and its key.
func certify(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

// Command serve is an HTTP service for a trained model: transcripts in, labels out.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/libtorch"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/mlmodel"
	"github.com/trident-nlp/trident/pkg/redact"
	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/serve"
	"github.com/trident-nlp/trident/pkg/tracking"
	"github.com/trident-nlp/trident/web"
)

const help = `Answer HTTP requests with a trained model: POST /v1/predict reads calls. /docs describes the service, /openapi.json
in full.

SIGTERM answers what was accepted, then ends. SIGHUP loads the model (and keys and certificate) anew without losing a request.
The log goes to standard error, a JSON object a line; it holds nothing of a call's text.

Examples:
  serve --model models/quickstart
  serve --model models/multitask --precision int8 --listen 127.0.0.1:9000
  serve --model models/multitask --listen :8443 --keys keys.txt --tls-cert cert.pem --tls-key key.pem
  serve --model models:/helpline@champion --keys keys.txt --listen :8443
  serve --model models/multitask --keys keys.txt --reviews reviews/ --review-texts --review-retention 90d`

// flags are the command line. Each has an environment variable.
type flags struct {
	Model string `path:"" required:"" env:"TRIDENT_MODEL" placeholder:"DIR" help:"Model directory, as written by train, or a model in MLflow: models:/NAME@ALIAS, models:/NAME/VERSION or runs:/ID/checkpoint, on the server MLFLOW_TRACKING_URI. SIGHUP looks anew which version has the alias."`

	Listen  string   `group:"Who may ask" default:"127.0.0.1:8080" env:"TRIDENT_LISTEN" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one, which the log names (${default})."`
	Keys    string   `path:"" group:"Who may ask" env:"TRIDENT_KEYS" placeholder:"FILE" help:"Clients need a key of this file: a name and a key a line, and admin behind a key that may reload."`
	NoKeys  bool     `group:"Who may ask" env:"TRIDENT_NO_KEYS" help:"Listen beyond this machine without keys: whoever reaches the port may ask."`
	TLSCert string   `path:"" group:"Who may ask" name:"tls-cert" env:"TRIDENT_TLS_CERT" placeholder:"FILE" help:"Speak TLS: the certificate with its chain, in PEM…"`
	TLSKey  string   `path:"" group:"Who may ask" name:"tls-key" env:"TRIDENT_TLS_KEY" placeholder:"FILE" help:"…and its key."`
	Host    []string `group:"Who may ask" env:"TRIDENT_HOST" placeholder:"NAME" help:"Names that the server answers to beside localhost, 127.0.0.1 and ::1, such as calls.example.org; * for any. Without any, beyond this machine: IP addresses, and with --keys whatever the name is."`
	Metrics string   `group:"Who may ask" enum:"all,keys,admin,local,none" default:"all" env:"TRIDENT_METRICS" help:"Who may have /metrics: all, keys (whoever has a key), admin (a key that is marked so), local (this machine) or none (${default})."`
	Origin  []string `group:"Who may ask" env:"TRIDENT_ORIGIN" placeholder:"URL" help:"Origins of web pages elsewhere that may ask (CORS); none, if not given."`

	Reviews         string `path:"" group:"Reviews" env:"TRIDENT_REVIEWS" placeholder:"DIR" help:"Keep what people correct on the page in this folder. Without it nothing is kept. Texts of calls aren't…"`
	ReviewTexts     bool   `group:"Reviews" env:"TRIDENT_REVIEW_TEXTS" help:"…but with this they are, of reviewed calls."`
	ReviewRetention string `group:"Reviews" env:"TRIDENT_REVIEW_RETENTION" placeholder:"90d" help:"Remove texts so long after the day of their review: days, as 90d, or hours, as 12h. Without it they stay."`

	RedactKey string `path:"" group:"Redaction" env:"TRIDENT_REDACT_KEY" placeholder:"FILE" help:"The key for requests that redact with pseudonyms or hashes, as made by openssl rand -hex 32. If not given: the variable TRIDENT_REDACT_SECRET holds it. Without either they are refused; redacting by mask and label needs none."`

	Device    string `group:"Processor" default:"auto" env:"TRIDENT_DEVICE" help:"auto, cpu, cuda or cuda:N."`
	Threads   int    `group:"Processor" default:"0" env:"TRIDENT_THREADS" placeholder:"N" help:"CPU threads; 0: one for each core."`
	Precision string `group:"Processor" enum:"fp32,bf16,int8,auto" default:"fp32" env:"TRIDENT_PRECISION" help:"fp32; bf16 and int8 (faster, a little less exact; int8 on the CPU only); or auto: the fastest on this processor (${default})."`

	IndependentHeads bool `group:"What to predict" env:"TRIDENT_INDEPENDENT_HEADS" help:"Each head says its own likeliest label, as in the Python prototype, even if main and sub-category then contradict each other."`

	BatchSize   int           `group:"Batches and queue" default:"32" env:"TRIDENT_BATCH_SIZE" placeholder:"N" help:"Texts that go through the model at once, at most (${default})…"`
	BatchTokens int           `group:"Batches and queue" default:"4096" env:"TRIDENT_BATCH_TOKENS" placeholder:"N" help:"…and their tokens (${default})."`
	BatchWait   time.Duration `group:"Batches and queue" default:"2ms" env:"TRIDENT_BATCH_WAIT" placeholder:"TIME" help:"How long a text waits for others while the model is idle (${default})."`
	QueueTokens int           `group:"Batches and queue" default:"65536" env:"TRIDENT_QUEUE_TOKENS" placeholder:"N" help:"Tokens of all requests at a time; for more the answer is 429 (${default})."`
	QueueBytes  int64         `group:"Batches and queue" default:"67108864" env:"TRIDENT_QUEUE_BYTES" placeholder:"N" help:"Bytes of all requests at a time; for more the answer is 429 (${default})."`

	MaxBody  int64 `group:"Limits of a request" default:"8388608" env:"TRIDENT_MAX_BODY" placeholder:"N" help:"Bytes of a request's body (${default})."`
	MaxTexts int   `group:"Limits of a request" default:"128" env:"TRIDENT_MAX_TEXTS" placeholder:"N" help:"Texts of a request (${default})."`
	MaxText  int   `group:"Limits of a request" default:"262144" env:"TRIDENT_MAX_TEXT" placeholder:"N" help:"Bytes of a text (${default})."`

	HeaderTimeout time.Duration `group:"Times" default:"5s" env:"TRIDENT_HEADER_TIMEOUT" placeholder:"TIME" help:"For a request's headers to come (${default})."`
	ReadTimeout   time.Duration `group:"Times" default:"30s" env:"TRIDENT_READ_TIMEOUT" placeholder:"TIME" help:"For a whole request to come (${default})."`
	Timeout       time.Duration `group:"Times" default:"1m" env:"TRIDENT_TIMEOUT" placeholder:"TIME" help:"From there to the answer; later it is 503 (${default})."`
	WriteTimeout  time.Duration `group:"Times" default:"30s" env:"TRIDENT_WRITE_TIMEOUT" placeholder:"TIME" help:"For sending the answer (${default})."`
	IdleTimeout   time.Duration `group:"Times" default:"2m" env:"TRIDENT_IDLE_TIMEOUT" placeholder:"TIME" help:"Between requests of a connection (${default})."`
	DrainDelay    time.Duration `group:"Times" default:"0s" env:"TRIDENT_DRAIN_DELAY" placeholder:"TIME" help:"After SIGTERM: for a load balancer to see that /readyz says no, before connections are refused (${default})."`

	LogLevel string `group:"Log" enum:"debug,info,warn,error" default:"info" env:"TRIDENT_LOG_LEVEL" help:"debug (health checks too), info (a line a request), warn or error (${default})."`
}

func main() {
	os.Exit(cli.Main("serve", help, &flags{}, os.Args[1:], cli.Standard()))
}

// Libtorch is for --version.
func (*flags) Libtorch() string { return libtorch.Version }

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, streams cli.Streams) error {
	if err := f.check(); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(streams.Err, &slog.HandlerOptions{Level: level}))
	config, err := f.config(ctx, log)
	if err != nil {
		return err
	}
	config.Log = log
	closeReviews, err := f.openReviews(ctx, &config)
	if err != nil {
		return err
	}
	defer closeReviews()
	server, err := serve.New(config)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listen.SetMultipathTCP(false) // its sockets can't refuse new connections while waiting ones are accepted
	listener, err := listen.Listen(ctx, "tcp", f.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	f.warn(config, listener.Addr())
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go reloadOnHangup(ctx, server, log)
	return server.Serve(ctx, listener)
}

// warn prints warnings for services that are reachable from other machines.
func (f *flags) warn(c serve.Config, address net.Addr) {
	if isLoopback(address) {
		return
	}
	if c.TLS == nil {
		c.Log.Warn("no TLS: calls and keys can be read on their way; give --tls-cert and --tls-key, or let a proxy do it")
	}
	switch {
	case c.Hosts.Any && len(f.Host) == 0:
		c.Log.Info("any host name is answered, as keys are wanted; --host NAME narrows that to the server's own")
	case len(f.Host) == 0:
		c.Log.Warn("requests are answered that were sent to an IP address or to localhost; give --host NAME for each name that clients use, or --host '*' for any")
	}
}

// reloadOnHangup reloads keys, certificate and model at each SIGHUP.
func reloadOnHangup(ctx context.Context, server *serve.Server, log *slog.Logger) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		if _, err := server.Reload(ctx); errors.Is(err, serve.ErrReloading) { // other errors are logged by Reload
			log.Warn("SIGHUP came while a reload was at work; send it again", "error", err.Error())
		}
	}
}

// config converts the flags to the server's configuration. The log is for warnings.
func (f *flags) config(ctx context.Context, log *slog.Logger) (c serve.Config, err error) {
	torchx.Configure(f.Threads)
	device, err := torchx.Device(f.Device)
	if err != nil {
		return serve.Config{}, err
	}
	precision := torchx.Precision(f.Precision).Resolve(device)
	if slow := precision.Slow(device); slow != "" {
		log.Warn("--precision", "warning", slow)
	}
	c = serve.Defaults()
	c.Open = func() (*serve.Model, error) {
		dir, err := mlmodel.Dir(ctx, f.Model, "", func(line string) { log.Info("model", "from", f.Model, "notice", line) })
		if err != nil {
			return nil, err
		}
		return serve.OpenModel(dir, device, precision)
	}
	c.Page = web.Handler()
	c.Origins = f.Origin
	c.Metrics = serve.Access(f.Metrics)
	if c.Hosts, err = f.hosts(); err != nil {
		return serve.Config{}, err
	}
	c.IndependentHeads = f.IndependentHeads
	if c.RedactKey, err = redact.ReadKey(f.RedactKey, os.Getenv(redact.KeyVariable)); err != nil {
		return serve.Config{}, err
	}
	if f.RedactKey != "" {
		serve.WarnIfExposed(f.RedactKey, log)
	}
	c.Limits = serve.Limits{Body: f.MaxBody, Texts: f.MaxTexts, Text: f.MaxText}
	c.BatchSize, c.BatchTokens, c.BatchWait = f.BatchSize, f.BatchTokens, f.BatchWait
	c.QueueTokens, c.QueueBytes = f.QueueTokens, f.QueueBytes
	c.HeaderTimeout, c.ReadTimeout, c.Timeout, c.WriteTimeout = f.HeaderTimeout, f.ReadTimeout, f.Timeout, f.WriteTimeout
	c.IdleTimeout, c.DrainDelay = f.IdleTimeout, f.DrainDelay
	if f.Keys != "" {
		c.ReadKeys = func() (serve.Keys, error) { return serve.ReadKeys(f.Keys, log) }
		if c.Keys, err = c.ReadKeys(); err != nil {
			return serve.Config{}, err
		}
		if !c.Keys.Admin() {
			log.Info("no key is marked admin: SIGHUP alone reloads")
		}
	}
	if f.TLSCert != "" {
		cert := &certificate{certFile: f.TLSCert, keyFile: f.TLSKey, log: log}
		if err := cert.read(); err != nil {
			return serve.Config{}, err
		}
		c.TLS, c.ReadCertificate = cert.config(), cert.read
	}
	return c, nil
}

// check finds errors that kong's tags can't.
func (f *flags) check() error {
	for _, number := range []struct {
		flag  string
		value int64
		least int64
	}{
		{"threads", int64(f.Threads), 0}, {"batch-size", int64(f.BatchSize), 1}, {"batch-tokens", int64(f.BatchTokens), 1},
		{"queue-tokens", int64(f.QueueTokens), 1}, {"queue-bytes", f.QueueBytes, 1},
		{"max-body", f.MaxBody, 1}, {"max-texts", int64(f.MaxTexts), 1}, {"max-text", int64(f.MaxText), 1},
	} {
		if number.value < number.least {
			return cli.Usagef("--%s is %d; want %d or more", number.flag, number.value, number.least)
		}
	}
	for _, span := range []struct {
		flag  string
		value time.Duration
		least time.Duration
	}{
		{"batch-wait", f.BatchWait, 0}, {"drain-delay", f.DrainDelay, 0},
		{"header-timeout", f.HeaderTimeout, 1}, {"read-timeout", f.ReadTimeout, 1}, {"timeout", f.Timeout, 1},
		{"write-timeout", f.WriteTimeout, 1}, {"idle-timeout", f.IdleTimeout, 1},
	} {
		if span.value < span.least {
			return cli.Usagef("--%s is %v; want more", span.flag, span.value)
		}
	}
	if f.Keys == "" && (f.Metrics == string(serve.Clients) || f.Metrics == string(serve.Admins)) {
		return cli.Usagef("--metrics %s wants keys; give --keys FILE", f.Metrics)
	}
	if f.Reviews == "" && (f.ReviewTexts || f.ReviewRetention != "") {
		return cli.Usagef("--review-texts and --review-retention go with --reviews DIR")
	}
	if _, err := reviews.ParseRetention(f.ReviewRetention); err != nil {
		return cli.Usagef("--review-retention: %w", err)
	}
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return cli.Usagef("--tls-cert and --tls-key go together")
	}
	if err := f.checkListen(); err != nil {
		return err
	}
	if tracking.IsModelURI(f.Model) {
		return nil
	}
	return cli.CheckModelDir(f.Model)
}

// hosts returns the host names that the server accepts. If it is reachable from other
// machines they can't be known: pods are probed by their address. If requests without a
// key are accepted, names are required nevertheless: they could come from a web page
// elsewhere, by DNS rebinding.
func (f *flags) hosts() (serve.Hosts, error) {
	h, err := serve.ParseHosts(f.Host)
	if err != nil {
		return serve.Hosts{}, cli.Usagef("--host: %w", err)
	}
	address, err := net.ResolveTCPAddr("tcp", f.Listen)
	if err == nil && !isLoopback(address) {
		h.Addresses = true
		h.Any = h.Any || len(f.Host) == 0 && f.Keys != ""
	}
	return h, err
}

// checkListen restricts a server without keys to this machine.
func (f *flags) checkListen() error {
	address, err := net.ResolveTCPAddr("tcp", f.Listen)
	switch {
	case err != nil:
		return cli.Usagef("--listen: %w", err)
	case f.Keys == "" && !f.NoKeys && !isLoopback(address):
		return cli.Usagef("--listen %s can be reached from other machines; give --keys FILE, or --no-keys to let everyone ask", f.Listen)
	}
	return nil
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

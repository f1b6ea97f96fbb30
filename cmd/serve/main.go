// Command serve answers HTTP requests with a trained model: transcripts in,
// labels out.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/serve"
	"github.com/trident-nlp/trident/web"
)

const help = `Answer HTTP requests with a trained model: POST /v1/predict reads calls. /docs describes the service, /openapi.json
in full.

SIGTERM answers what was accepted, then ends. SIGHUP loads the model (and keys and certificate) anew without losing a request.
The log goes to standard error, a JSON object a line; it holds nothing of a call's text.

Examples:
  serve --model models/quickstart
  serve --model models/multitask --precision int8 --listen 127.0.0.1:9000
  serve --model models/multitask --listen :8443 --keys keys.txt --tls-cert cert.pem --tls-key key.pem`

// flags are the command line. Each has a twin in the environment.
type flags struct {
	Model string `required:"" env:"TRIDENT_MODEL" placeholder:"DIR" help:"Model directory, as written by train."`

	Listen  string   `default:"127.0.0.1:8080" env:"TRIDENT_LISTEN" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one, which the log names (${default})."`
	Keys    string   `env:"TRIDENT_KEYS" placeholder:"FILE" help:"Clients need a key of this file: a name and a key a line."`
	NoKeys  bool     `env:"TRIDENT_NO_KEYS" help:"Listen beyond this machine without keys: whoever reaches the port may ask."`
	TLSCert string   `name:"tls-cert" env:"TRIDENT_TLS_CERT" placeholder:"FILE" help:"Speak TLS: the certificate with its chain, in PEM…"`
	TLSKey  string   `name:"tls-key" env:"TRIDENT_TLS_KEY" placeholder:"FILE" help:"…and its key."`
	Origin  []string `env:"TRIDENT_ORIGIN" placeholder:"URL" help:"Origins of web pages elsewhere that may ask (CORS); none, if not given."`

	Device    string `default:"auto" env:"TRIDENT_DEVICE" help:"auto, cpu, cuda or cuda:N."`
	Threads   int    `default:"0" env:"TRIDENT_THREADS" placeholder:"N" help:"CPU threads; 0: one for each core."`
	Precision string `enum:"fp32,bf16,int8,auto" default:"fp32" env:"TRIDENT_PRECISION" help:"fp32; bf16 and int8 (faster, a little less exact; int8 on the CPU only); or auto: bf16 where the processor has it (${default})."`

	IndependentHeads bool `env:"TRIDENT_INDEPENDENT_HEADS" help:"Each head says its own likeliest label, as in the Python prototype, even if main and sub-category then contradict each other."`

	BatchSize   int           `default:"32" env:"TRIDENT_BATCH_SIZE" placeholder:"N" help:"Texts that go through the model at once, at most (${default})…"`
	BatchTokens int           `default:"4096" env:"TRIDENT_BATCH_TOKENS" placeholder:"N" help:"…and their tokens (${default})."`
	BatchWait   time.Duration `default:"2ms" env:"TRIDENT_BATCH_WAIT" placeholder:"TIME" help:"How long a text waits for others while the model is idle (${default})."`
	QueueTokens int           `default:"65536" env:"TRIDENT_QUEUE_TOKENS" placeholder:"N" help:"Tokens of all requests at a time; for more the answer is 429 (${default})."`
	QueueBytes  int64         `default:"67108864" env:"TRIDENT_QUEUE_BYTES" placeholder:"N" help:"Bytes of all requests at a time; for more the answer is 429 (${default})."`

	MaxBody  int64 `default:"8388608" env:"TRIDENT_MAX_BODY" placeholder:"N" help:"Bytes of a request's body (${default})."`
	MaxTexts int   `default:"128" env:"TRIDENT_MAX_TEXTS" placeholder:"N" help:"Texts of a request (${default})."`
	MaxText  int   `default:"262144" env:"TRIDENT_MAX_TEXT" placeholder:"N" help:"Bytes of a text (${default})."`

	HeaderTimeout time.Duration `default:"5s" env:"TRIDENT_HEADER_TIMEOUT" placeholder:"TIME" help:"For a request's headers to come (${default})."`
	ReadTimeout   time.Duration `default:"30s" env:"TRIDENT_READ_TIMEOUT" placeholder:"TIME" help:"For a whole request to come (${default})."`
	Timeout       time.Duration `default:"1m" env:"TRIDENT_TIMEOUT" placeholder:"TIME" help:"From there to the answer; later it is 503 (${default})."`
	WriteTimeout  time.Duration `default:"30s" env:"TRIDENT_WRITE_TIMEOUT" placeholder:"TIME" help:"For sending the answer (${default})."`
	IdleTimeout   time.Duration `default:"2m" env:"TRIDENT_IDLE_TIMEOUT" placeholder:"TIME" help:"Between requests of a connection (${default})."`
	DrainDelay    time.Duration `default:"0s" env:"TRIDENT_DRAIN_DELAY" placeholder:"TIME" help:"After SIGTERM: for a load balancer to see that /readyz says no, before connections are refused (${default})."`

	LogLevel string `enum:"debug,info,warn,error" default:"info" env:"TRIDENT_LOG_LEVEL" help:"debug (health checks too), info (a line a request), warn or error (${default})."`
}

func main() {
	os.Exit(cli.Main("serve", help, &flags{}, os.Args[1:], cli.Standard()))
}

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, io cli.Streams) error {
	if err := f.check(); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return err
	}
	config, cert, err := f.config()
	if err != nil {
		return err
	}
	config.Log = slog.New(slog.NewJSONHandler(io.Err, &slog.HandlerOptions{Level: level}))
	server, err := serve.New(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if config.TLS == nil && !isLoopback(listener.Addr()) {
		config.Log.Warn("no TLS: calls and keys can be read on their way; give --tls-cert and --tls-key, or let a proxy do it")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go f.reloadOnHangup(ctx, server, cert, config.Log)
	return server.Serve(ctx, listener)
}

// reloadOnHangup reloads keys, certificate and model at each SIGHUP.
func (f *flags) reloadOnHangup(ctx context.Context, server *serve.Server, cert *certificate, log *slog.Logger) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		if f.Keys != "" {
			keys, err := serve.ReadKeys(f.Keys)
			if err != nil {
				log.Error("the earlier keys stay", "error", err.Error())
			} else {
				server.SetKeys(keys)
			}
		}
		if cert != nil {
			if err := cert.read(); err != nil {
				log.Error("the earlier certificate stays", "error", err.Error())
			}
		}
		_, _ = server.Reload(ctx) // it logs what goes wrong
	}
}

// config makes of the flags what a server is made of, but the log. The certificate
// is nil for plain HTTP.
func (f *flags) config() (c serve.Config, cert *certificate, err error) {
	torchx.Configure(f.Threads)
	device, err := torchx.Device(f.Device)
	if err != nil {
		return serve.Config{}, nil, err
	}
	c = serve.Defaults()
	c.Open = func() (*serve.Model, error) { return serve.OpenModel(f.Model, device, torchx.Precision(f.Precision)) }
	c.Page = web.Handler()
	c.Origins = f.Origin
	c.IndependentHeads = f.IndependentHeads
	c.Limits = serve.Limits{Body: f.MaxBody, Texts: f.MaxTexts, Text: f.MaxText}
	c.BatchSize, c.BatchTokens, c.BatchWait = f.BatchSize, f.BatchTokens, f.BatchWait
	c.QueueTokens, c.QueueBytes = f.QueueTokens, f.QueueBytes
	c.HeaderTimeout, c.ReadTimeout, c.Timeout, c.WriteTimeout = f.HeaderTimeout, f.ReadTimeout, f.Timeout, f.WriteTimeout
	c.IdleTimeout, c.DrainDelay = f.IdleTimeout, f.DrainDelay
	if f.Keys != "" {
		if c.Keys, err = serve.ReadKeys(f.Keys); err != nil {
			return serve.Config{}, nil, err
		}
	}
	if f.TLSCert != "" {
		cert = &certificate{certFile: f.TLSCert, keyFile: f.TLSKey}
		if err := cert.read(); err != nil {
			return serve.Config{}, nil, err
		}
		c.TLS = cert.config()
	}
	return c, cert, nil
}

// check finds what kong's tags can't.
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
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return cli.Usagef("--tls-cert and --tls-key go together")
	}
	if err := f.checkListen(); err != nil {
		return err
	}
	return cli.CheckModelDir(f.Model)
}

// checkListen keeps a server without keys on this machine.
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

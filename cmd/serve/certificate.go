package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/trident-nlp/trident/pkg/serve"
)

// certificate is the server's, which can be read anew while it serves.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
}

// read takes what the files hold now, and after an error keeps what it has.
func (c *certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	serve.WarnIfExposed(c.keyFile, c.log)
	c.current.Store(&pair)
	return nil
}

// config is for a server whose new connections get the certificate that was read
// last.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

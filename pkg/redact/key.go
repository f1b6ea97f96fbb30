package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
)

// MinKey is the least length of a key, in bytes.
const MinKey = 16

// KeyVariable is the environment variable that holds a key where no file is given.
const KeyVariable = "TRIDENT_REDACT_SECRET"

func errShortKey(n int) error {
	return fmt.Errorf("the key for redaction has %d characters; want %d or more, chosen at random, as by: openssl rand -hex 32", n, MinKey)
}

// ReadKey reads a key from a file, or from value, which is [KeyVariable]'s, if path is "".
// White space around it is dropped. Without either the key is nil. Errors don't contain it.
func ReadKey(path, value string) ([]byte, error) {
	data := []byte(value)
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("read the key for redaction: %w", err)
		}
	}
	key := bytes.TrimSpace(data)
	switch {
	case path == "" && len(key) == 0:
		return nil, nil
	case len(key) < MinKey && path != "":
		return nil, fmt.Errorf("%s: %w", path, errShortKey(len(key)))
	case len(key) < MinKey:
		return nil, fmt.Errorf("%s: %w", KeyVariable, errShortKey(len(key)))
	}
	return key, nil
}

// ErrNoKey says how to give a key where a mode needs one.
var ErrNoKey = errors.New("pseudonym and hash need a key: write one to a file, as by openssl rand -hex 32, and keep it apart from the calls")

// Fingerprint identifies the options without revealing the key: redactions with the same
// fingerprint replace the same things by the same things.
func (r *Redactor) Fingerprint() string {
	text := fmt.Sprintf("%s %q", r.mode, r.labels)
	if r.mode.NeedsKey() {
		text += " " + hex.EncodeToString(r.digest("fingerprint", "", 0)[:6])
	}
	return text
}

// digest returns HMAC-SHA256 (RFC 2104) of something of a class. attempt is for another
// value where the first can't be used.
func (r *Redactor) digest(class, normal string, attempt uint32) []byte {
	m := hmac.New(sha256.New, r.key)
	m.Write([]byte(class + "\x00" + normal + "\x00"))
	if attempt > 0 {
		m.Write(binary.BigEndian.AppendUint32(nil, attempt))
	}
	return m.Sum(nil)
}

package serve

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
)

// Keys are the clients' keys. If there are none, everyone has access.
type Keys []key

type key struct {
	name  string
	hash  [sha256.Size]byte
	admin bool // may reload
}

const (
	minKey    = 16      // minimum length of a key, in characters
	adminMark = "admin" // follows an administrator's key
)

// ReadKeys reads a key file: on each line a name and a key, and the word admin
// for one that may reload, separated by white space. Empty lines and those that
// begin with # are skipped. Errors don't contain keys. It logs a warning if other
// users of the machine can read the file.
func ReadKeys(path string, log *slog.Logger) (Keys, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	keys, err := parseKeys(f)
	if err != nil {
		return nil, fmt.Errorf("read keys: %s: %w", path, err)
	}
	WarnIfExposed(path, log)
	return keys, nil
}

// WarnIfExposed logs a warning if every user of the machine can read or change a
// file that holds a secret.
func WarnIfExposed(path string, log *slog.Logger) {
	const byOthers = 0o006
	info, err := os.Stat(path)
	if err != nil {
		return // reading it reports the error
	}
	if mode := info.Mode().Perm(); mode&byOthers != 0 {
		log.Warn("every user of this machine can get at a secret; chmod o= FILE keeps them out", "file", path, "mode", fmt.Sprintf("%04o", mode))
	}
}

func parseKeys(r io.Reader) (Keys, error) {
	var keys Keys
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		if number == 1 {
			line = strings.TrimPrefix(line, "\uFEFF") // a byte order mark
		}
		parts := strings.Fields(line)
		admin := len(parts) == 3 && parts[2] == adminMark
		switch {
		case len(parts) == 0 || strings.HasPrefix(parts[0], "#"):
			continue
		case len(parts) != 2 && !admin:
			return nil, fmt.Errorf("line %d: want a name and a key, with a space between, and nothing or %s behind them", number, adminMark)
		case len(parts[1]) < minKey:
			return nil, fmt.Errorf("line %d: the key has %d characters; want %d or more (openssl rand -hex 32 makes one)", number, len(parts[1]), minKey)
		}
		keys = append(keys, key{parts[0], sha256.Sum256([]byte(parts[1])), admin})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it; want a name and a key a line")
	}
	return keys, nil
}

// find returns the key of a request. It always compares with every key, so that
// timing reveals nothing.
func (k Keys) find(r *http.Request) (has key, found bool) {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	hash := sha256.Sum256([]byte(strings.TrimLeft(given, " ")))
	for _, key := range k {
		if subtle.ConstantTimeCompare(hash[:], key.hash[:]) == 1 {
			has, found = key, strings.EqualFold(scheme, "Bearer")
		}
	}
	return has, found
}

// Admin reports whether one of the keys may reload.
func (k Keys) Admin() bool {
	for _, key := range k {
		if key.admin {
			return true
		}
	}
	return false
}

package serve

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// Keys are those that clients may use. With none, everyone may ask.
type Keys []key

type key struct {
	name string
	hash [sha256.Size]byte
}

// minKey is how many characters a key must have.
const minKey = 16

// ReadKeys reads a file of keys: a name and a key a line, with white space
// between. Empty lines, and those that begin with #, are passed over. Errors
// hold no key.
func ReadKeys(path string) (Keys, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	keys, err := parseKeys(f)
	if err != nil {
		return nil, fmt.Errorf("read keys: %s: %w", path, err)
	}
	return keys, nil
}

func parseKeys(r io.Reader) (Keys, error) {
	var keys Keys
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		parts := strings.Fields(lines.Text())
		switch {
		case len(parts) == 0 || strings.HasPrefix(parts[0], "#"):
			continue
		case len(parts) != 2:
			return nil, fmt.Errorf("line %d: want a name and a key, with a space between", number)
		case len(parts[1]) < minKey:
			return nil, fmt.Errorf("line %d: the key has %d characters; want %d or more (openssl rand -hex 32 makes one)", number, len(parts[1]), minKey)
		}
		keys = append(keys, key{parts[0], sha256.Sum256([]byte(parts[1]))})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it; want a name and a key a line")
	}
	return keys, nil
}

// find returns the name of the key that a request has. It compares with every
// key, whichever fits, so that time tells nothing.
func (k Keys) find(r *http.Request) (name string, found bool) {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	hash := sha256.Sum256([]byte(given))
	for _, key := range k {
		if subtle.ConstantTimeCompare(hash[:], key.hash[:]) == 1 {
			name, found = key.name, ok
		}
	}
	return name, found
}

package serve

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// gunzip reads gzip members (RFC 1952) one after the other and skips zero bytes
// after a member, with which some programs pad blocks. Python's gzip does the
// same.
type gunzip struct {
	from *bufio.Reader
	z    *gzip.Reader
}

func newGunzip(r io.Reader) (*gunzip, error) {
	g := &gunzip{from: bufio.NewReader(r)}
	var err error
	if g.z, err = gzip.NewReader(g.from); err != nil {
		return nil, err
	}
	g.z.Multistream(false)
	return g, nil
}

// Read implements [io.Reader].
func (g *gunzip) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		switch {
		case n > 0 && errors.Is(err, io.EOF): // of the member
			return n, nil
		case n > 0 || !errors.Is(err, io.EOF):
			return n, err
		}
		if err := g.next(); err != nil {
			return 0, err
		}
	}
}

// next starts the next member; it returns io.EOF if there is none.
func (g *gunzip) next() error {
	for {
		b, err := g.from.ReadByte()
		switch {
		case err != nil:
			return err
		case b == 0:
			continue
		}
		if err := g.from.UnreadByte(); err != nil {
			return err
		}
		err = g.z.Reset(g.from)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		g.z.Multistream(false)
		return err
	}
}

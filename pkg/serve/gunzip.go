package serve

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// gunzip reads gzip's members (RFC 1952) one after the other, and passes over
// zero bytes behind one, with which some programs fill blocks. Python's gzip
// does the same.
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

// next begins another member; there is io.EOF where none is.
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

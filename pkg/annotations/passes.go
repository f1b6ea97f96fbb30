package annotations

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"os"
)

// pass is what a pass over the input has read, as far as it is written. The passes must
// agree: what is written is what was checked.
type pass struct {
	written int
	sum     hash.Hash
}

func newPass() pass { return pass{sum: sha256.New()} }

// note adds a document that is written.
func (p *pass) note(d Document) {
	p.written++
	fmt.Fprintf(p.sum, "%q %q %d %v %q %q %q\n", d.ID, string(d.Text), d.State, d.Spans, d.Classes, fmt.Sprint(d.Flags), d.Meta)
}

// errChanged is the error about an input that isn't the same in each pass.
var errChanged = errors.New("it changed while it was read; wait until it is complete, and convert again")

// same requires a later pass to have read the same documents.
func (p *pass) same(later pass) error {
	if p.written != later.written || string(p.sum.Sum(nil)) != string(later.sum.Sum(nil)) {
		return errChanged
	}
	return nil
}

// unchanged requires a regular file to be as it was when the input was made.
func (in Input) unchanged() error {
	if in.info == nil || !in.info.Mode().IsRegular() {
		return nil
	}
	now, err := os.Stat(in.path)
	if err != nil {
		return fmt.Errorf("read annotations: %w", err)
	}
	if !os.SameFile(in.info, now) || now.Size() != in.info.Size() || !now.ModTime().Equal(in.info.ModTime()) {
		return fmt.Errorf("read annotations: %s: %w", in.Name, errChanged)
	}
	return nil
}

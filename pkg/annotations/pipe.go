package annotations

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
)

// Pipe is an input that can be opened and read only once, such as a pipe. Whoever converts it
// reads it into memory first, and stops waiting for it when the context ends.
func Pipe(name string, open func() (io.ReadCloser, error)) Input {
	h := &held{once: open}
	return Input{Name: name, held: h, open: h.again}
}

// held is the content of a pipe, which copies of an [Input] share.
type held struct {
	once func() (io.ReadCloser, error)

	mu   sync.Mutex
	read bool
	data []byte
}

// again opens what was read.
func (h *held) again() (io.ReadCloser, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return io.NopCloser(bytes.NewReader(h.data)), nil
}

// hold reads an input into memory if it can't be read twice.
func (in Input) hold(ctx context.Context) (Input, error) {
	if in.held == nil {
		return in, nil
	}
	size, err := in.held.fill(ctx)
	if err != nil {
		return in, fmt.Errorf("read annotations from %s: %w", in.Name, err)
	}
	in.size = size
	return in, nil
}

// fill reads the content, unless that is done, and returns its length in bytes. Opening and
// reading a pipe can't be interrupted, so if ctx ends they go on, for nobody, until the
// pipe's writer or this process ends.
func (h *held) fill(ctx context.Context) (int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.read {
		return int64(len(h.data)), nil
	}
	type content struct {
		data []byte
		err  error
	}
	done := make(chan content, 1)
	go func() {
		data, err := readOnce(h.once)
		done <- content{data, err}
	}()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case c := <-done:
		if c.err != nil {
			return 0, c.err
		}
		h.data, h.read = c.data, true
		return int64(len(h.data)), nil
	}
}

func readOnce(open func() (io.ReadCloser, error)) ([]byte, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/trident-nlp/trident/bench/inputs"
	"github.com/trident-nlp/trident/bench/protocol"
)

// load starts a process that loads the model and predicts one text.
func load(ctx context.Context, work string, threads int) (protocol.Response, error) {
	self, err := os.Executable()
	if err != nil {
		return protocol.Response{}, fmt.Errorf("find this program: %w", err)
	}
	command := exec.CommandContext(ctx, self, "--work", work, "--threads", strconv.Itoa(threads), "--first")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, os.Stderr
	started := time.Now()
	if err := command.Run(); err != nil {
		return protocol.Response{}, fmt.Errorf("start a process that loads the model: %w", err)
	}
	seconds := time.Since(started).Seconds()
	var r protocol.Response
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return protocol.Response{}, fmt.Errorf("read how long loading took: %w", err)
	}
	r.Seconds, r.Samples = seconds, 1
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.PeakMB = float64(usage.Maxrss) / 1000 // kB
	}
	return r, nil
}

// first is what that process does.
func first(ctx context.Context, work string, out io.Writer) error {
	in, err := inputs.Read(work)
	if err != nil {
		return err
	}
	started := time.Now()
	r, err := newReader(in.Model)
	if err != nil {
		return err
	}
	defer r.model.Drop()
	if err := r.predict(ctx, protocol.FP32, in.Batch[:1]); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(protocol.Response{Inside: time.Since(started).Seconds()})
}

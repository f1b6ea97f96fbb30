// Command encoder times an encoder's passes, for encoder.py to compare with PyTorch:
//
//	encoder FOLDER
//
// It answers each line of JSON on standard input ([request]) with one on standard
// output ([answer]). FOLDER holds a pretrained encoder.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/usage"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// request asks for one timing: of the encoder, or of attention alone where Width is set.
type request struct {
	Batch     int              `json:"batch"`
	Tokens    int              `json:"tokens"` // of each text
	Precision torchx.Precision `json:"precision"`
	Heads     int64            `json:"heads"`
	Width     int64            `json:"width"` // of a head
	Training  bool             `json:"training"`
}

// answer has the processor time of a pass, of all threads, and the process's largest resident memory so far.
type answer struct {
	Milliseconds float64 `json:"ms"`
	MB           float64 `json:"mb"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: encoder FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "encoder:", err)
		os.Exit(1)
	}
}

func run(folder string, in io.Reader, out io.Writer) error {
	config, err := backbone.ReadConfig(filepath.Join(folder, fusion.ConfigFile))
	if err != nil {
		return err
	}
	// A head of a single class: models know the precisions.
	m, err := fusion.New(fusion.Architecture{Config: config, Tasks: []tasks.Task{tasks.SingleNER([]string{"O"})}}, gotch.CPU)
	if err != nil {
		return err
	}
	defer m.Drop()
	if err := backbone.LoadPretrained(folder, m.EncoderName+".", m.Params()); err != nil {
		return err
	}
	answers := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		took, err := r.time(m)
		if err != nil {
			return fmt.Errorf("%+v: %w", r, err)
		}
		peak, err := usage.PeakMemory(os.Getpid())
		if err != nil {
			return err
		}
		if err := answers.Encode(answer{took.Seconds() * 1000, math.Round(float64(peak) / (1 << 20))}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (r request) time(m *fusion.Model) (time.Duration, error) {
	if r.Width > 0 {
		return r.attention()
	}
	s, err := m.Inference(r.Precision)
	if err != nil {
		return 0, err
	}
	return timed(s, func() {
		hidden, _ := m.Hidden(s, r.batch())
		s.ReadFloat32(hidden)
	})
}

// timed returns the processor time of f, and closes the scope in which it runs.
func timed(s *torchx.Scope, f func()) (time.Duration, error) {
	before, err := usage.CPUTime()
	if err != nil {
		return 0, errors.Join(err, s.Close())
	}
	f()
	after, err := usage.CPUTime()
	return after - before, errors.Join(err, s.Close())
}

// batch has the same tokens as encoder.py, and no padding.
func (r request) batch() datasets.Batch {
	b := datasets.Batch{Size: r.Batch, Length: r.Tokens}
	for range r.Batch {
		for i := range r.Tokens {
			b.IDs = append(b.IDs, int64(1000+i*37%20000))
		}
	}
	return b
}

// attention times attention alone: forward in inference; forward and backward with dropout
// in training.
func (r request) attention() (time.Duration, error) {
	rows, dim := int64(r.Batch*r.Tokens), r.Heads*r.Width
	lengths := slices.Repeat([]int64{int64(r.Tokens)}, r.Batch)
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	x := p.New("x", torchx.Normal(1), rows, dim)
	if err := p.Err(); err != nil {
		return 0, err
	}
	open := torchx.Inference
	if r.Training {
		open = torchx.Training
	}
	s := open(gotch.CPU)
	return timed(s, func() {
		s.Block(func() *ts.Tensor {
			out := s.SequenceAttention(x, x, x, lengths, r.Heads, 0.1)
			if r.Training {
				s.Backward(s.Mean(out))
			}
			return x
		})
	})
}

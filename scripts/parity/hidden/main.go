// Command hidden runs the encoder of a Hugging Face checkpoint on given tokens,
// for scripts/parity to compare with transformers:
//
//	hidden CHECKPOINT INPUTS OUTPUT
//
// INPUTS is a safetensors file with NAME/ids (I64, [batch, seq]) and, where
// there is padding, NAME/mask (BOOL, the same shape). OUTPUT gets each NAME's
// hidden states (F32, [batch, seq, dim]).
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: hidden CHECKPOINT INPUTS OUTPUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "hidden:", err)
		os.Exit(1)
	}
}

func run(checkpoint, inputs, output string) error {
	config, err := backbone.ReadConfig(filepath.Join(checkpoint, "config.json"))
	if err != nil {
		return err
	}
	p := torchx.NewParams(gotch.CPU, false)
	defer p.Drop()
	encoder, err := backbone.New(p, config)
	if err != nil {
		return err
	}
	if err := backbone.LoadPretrained(checkpoint, "", p); err != nil {
		return err
	}
	in, err := weights.Open(inputs)
	if err != nil {
		return err
	}
	defer in.Close()
	var states []weights.Tensor
	for _, name := range in.Names() {
		name, found := strings.CutSuffix(name, "/ids")
		if !found {
			continue
		}
		t, err := hidden(encoder, in, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		states = append(states, t)
	}
	return write(output, states)
}

// hidden runs the case of that name.
func hidden(e *backbone.Encoder, in *weights.File, name string) (weights.Tensor, error) {
	ids, err := in.Tensor(name + "/ids")
	if err != nil {
		return weights.Tensor{}, err
	}
	var mask []byte // of each token; nil: no padding
	if slices.Contains(in.Names(), name+"/mask") {
		t, err := in.Tensor(name + "/mask")
		if err != nil {
			return weights.Tensor{}, err
		}
		mask = t.Data
	}
	tokens := pack(int64s(ids.Data), mask, ids.Shape)
	s := torchx.Inference(gotch.CPU)
	values := s.ReadFloat32(s.Unpack(e.Forward(s, tokens), tokens.Lengths, ids.Shape[1]))
	if err := s.Close(); err != nil {
		return weights.Tensor{}, err
	}
	data, err := binary.Append(nil, binary.LittleEndian, values)
	shape := append(slices.Clone(ids.Shape), e.Config.Dim)
	return weights.Tensor{Name: name, DType: weights.F32, Shape: shape, Data: data}, err
}

func int64s(data []byte) []int64 {
	list := make([]int64, len(data)/8)
	for i := range list {
		list[i] = int64(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return list
}

// pack strips the padding of a batch [texts, seq].
func pack(ids []int64, mask []byte, shape []int64) backbone.Tokens {
	var t backbone.Tokens
	for row := range shape[0] {
		var length int64
		for i := row * shape[1]; i < (row+1)*shape[1]; i++ {
			if mask == nil || mask[i] != 0 {
				t.IDs = append(t.IDs, ids[i])
				length++
			}
		}
		t.Lengths = append(t.Lengths, length)
	}
	return t
}

func write(path string, tensors []weights.Tensor) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(f)
	return errors.Join(weights.WriteSafetensors(buffered, tensors, nil), buffered.Flush(), f.Close())
}

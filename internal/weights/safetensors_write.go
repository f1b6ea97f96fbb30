package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// WriteSafetensors writes the tensors as a safetensors file, straight from
// their Data. Equal input gives equal bytes: the tensors are laid out as the
// reference implementation does it, wide element types first (which aligns
// every tensor to its element size), then by name.
//
// The metadata always holds "format": "pt", without which Hugging Face's
// transformers refuses a file; other texts may be added.
func WriteSafetensors(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	if err := validateAll(tensors); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(safetensorsRank(b.DType), safetensorsRank(a.DType)), strings.Compare(a.Name, b.Name))
	})
	header, err := encodeSafetensorsHeader(sorted, metadata)
	if err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	for _, t := range sorted {
		if _, err := w.Write(t.Data); err != nil {
			return fmt.Errorf("write safetensors: tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// safetensorsRank orders the element types as the reference implementation
// does.
func safetensorsRank(d DType) int {
	return slices.Index([]DType{BOOL, U8, I8, I16, F16, BF16, I32, F32, F64, I64}, d)
}

// encodeSafetensorsHeader returns the length and the header, padded with
// spaces to a multiple of 8 bytes.
func encodeSafetensorsHeader(sorted []Tensor, metadata map[string]string) ([]byte, error) {
	texts := maps.Clone(metadata)
	if texts == nil {
		texts = make(map[string]string, 1)
	}
	texts["format"] = "pt"

	out := bytes.NewBuffer(make([]byte, headerLengthSize))
	out.WriteByte('{')
	if err := writeMember(out, metadataKey, texts); err != nil {
		return nil, err
	}
	var offset int64
	for _, t := range sorted {
		end := offset + int64(len(t.Data))
		entry := safetensorsEntry{DType: t.DType, Shape: t.Shape, Offsets: []int64{offset, end}}
		if entry.Shape == nil {
			entry.Shape = []int64{}
		}
		out.WriteByte(',')
		if err := writeMember(out, t.Name, entry); err != nil {
			return nil, err
		}
		offset = end
	}
	out.WriteByte('}')
	for out.Len()%8 != 0 {
		out.WriteByte(' ')
	}
	length := out.Len() - headerLengthSize
	if length > maxHeaderLength {
		return nil, fmt.Errorf("the header would take %d bytes, at most %d are allowed", length, maxHeaderLength)
	}
	binary.LittleEndian.PutUint64(out.Bytes(), uint64(length))
	return out.Bytes(), nil
}

func writeMember(out *bytes.Buffer, key string, value any) error {
	name, err := json.Marshal(key)
	if err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	out.Write(name)
	out.WriteByte(':')
	out.Write(text)
	return nil
}

// validateAll checks what both writers ask of their tensors: sound sizes, and
// names that are distinct UTF-8 and no keyword of a format.
func validateAll(tensors []Tensor) error {
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		switch {
		case !utf8.ValidString(t.Name):
			return fmt.Errorf("tensor name %q is not valid UTF-8", t.Name)
		case t.Name == metadataKey:
			return errors.New("a tensor can't be named " + metadataKey)
		case seen[t.Name]:
			return fmt.Errorf("two tensors are named %q", t.Name)
		}
		seen[t.Name] = true
		if err := t.Validate(); err != nil {
			return err
		}
	}
	return nil
}

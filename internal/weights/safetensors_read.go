package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A safetensors file is
//
//	8 bytes   length n of the header, little-endian
//	n bytes   header: JSON, {"name": {"dtype", "shape", "data_offsets"}, …}
//	the rest  the tensors, one after the other, without gaps
//
// as https://github.com/huggingface/safetensors defines it.
const (
	headerLengthSize = 8
	maxHeaderLength  = 100_000_000 // the format's own limit
	metadataKey      = "__metadata__"
)

type safetensorsEntry struct {
	DType   DType   `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // begin and end, from the header's end
}

func parseSafetensors(data []byte) (*File, error) {
	f, err := readSafetensors(data)
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged or another file, get it again", err)
	}
	return f, nil
}

func readSafetensors(data []byte) (*File, error) {
	header, payload, err := splitSafetensors(data)
	if err != nil {
		return nil, err
	}
	entries, metadata, err := decodeSafetensorsHeader(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	f := &File{views: make(map[string]view, len(entries)), metadata: metadata}
	for name, e := range entries {
		v, err := e.view(payload)
		if err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
		f.views[name] = v
		f.names = append(f.names, name)
	}
	slices.SortFunc(f.names, func(a, b string) int {
		return cmp.Or(slices.Compare(entries[a].Offsets, entries[b].Offsets), strings.Compare(a, b))
	})
	return f, checkNoGaps(f.names, entries, int64(len(payload)))
}

func splitSafetensors(data []byte) (header, payload []byte, err error) {
	if len(data) < headerLengthSize {
		return nil, nil, fmt.Errorf("neither safetensors nor a PyTorch file: only %d bytes long", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	rest := data[headerLengthSize:]
	switch {
	case len(rest) == 0 || rest[0] != '{':
		return nil, nil, errors.New("neither safetensors nor a PyTorch file: it begins with neither format's mark")
	case length > maxHeaderLength:
		return nil, nil, fmt.Errorf("safetensors header of %d bytes, at most %d are allowed", length, maxHeaderLength)
	case length > uint64(len(rest)):
		return nil, nil, fmt.Errorf("safetensors header of %d bytes in a file of %d: the file is cut short", length, len(data))
	}
	return rest[:length], rest[length:], nil
}

// decodeSafetensorsHeader reads the header entry by entry, so that a name that
// comes twice is seen.
func decodeSafetensorsHeader(header []byte) (map[string]safetensorsEntry, map[string]string, error) {
	if !utf8.Valid(header) {
		return nil, nil, errors.New("not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errors.New("not a JSON object")
	}
	entries := make(map[string]safetensorsEntry)
	metadata := make(map[string]string)
	seenMetadata := false
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		name, _ := token.(string) // a key: the decoder refuses anything else
		if name == metadataKey {
			if seenMetadata {
				return nil, nil, fmt.Errorf("%s comes twice", metadataKey)
			}
			seenMetadata = true
			if err := dec.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", metadataKey, err)
			}
			continue
		}
		if _, twice := entries[name]; twice {
			return nil, nil, fmt.Errorf("tensor %q comes twice", name)
		}
		var e safetensorsEntry
		if err := dec.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries[name] = e
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("something follows the JSON object")
	}
	return entries, metadata, nil
}

func (e safetensorsEntry) view(payload []byte) (view, error) {
	if e.Shape == nil || len(e.Offsets) != 2 {
		return view{}, errors.New("dtype, shape and two data_offsets are needed")
	}
	size, err := byteSize(e.DType, e.Shape)
	if err != nil {
		return view{}, err
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	switch {
	case begin < 0 || end < begin:
		return view{}, fmt.Errorf("data_offsets %v are out of order", e.Offsets)
	case end > int64(len(payload)):
		return view{}, fmt.Errorf("data ends at %d, but the file holds only %d bytes of data: the file is cut short", end, len(payload))
	case end-begin != size:
		return view{}, fmt.Errorf("%s%v takes %d bytes, but data_offsets %v hold %d", e.DType, e.Shape, size, e.Offsets, end-begin)
	}
	return view{dtype: e.DType, shape: e.Shape, data: payload[begin:end:end]}, nil
}

// checkNoGaps reports whether the tensors, in the order of their offsets,
// cover the payload exactly once.
func checkNoGaps(names []string, entries map[string]safetensorsEntry, payload int64) error {
	var end int64
	for _, name := range names {
		offsets := entries[name].Offsets
		if offsets[0] != end {
			return fmt.Errorf("safetensors: tensor %q begins at %d, but the one before it ends at %d", name, offsets[0], end)
		}
		end = offsets[1]
	}
	if end != payload {
		return fmt.Errorf("safetensors: the tensors end at %d, but the file holds %d bytes of data", end, payload)
	}
	return nil
}

package annotations

import (
	"bytes"
	"compress/zlib"
	"context"
	_ "embed" // for spacy_symbols.txt
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// docBin is spaCy's DocBin, the format of .spacy files: compressed MessagePack with
// arrays of tokens. It is only read.
func docBin() Format {
	return Format{
		Name: "docbin", About: "spaCy DocBin, .spacy", Reads: true,
		Can:  Carries{Spans: true, Classes: true, Flags: true, Unsaid: true, Unlabelled: true},
		code: codec{read: readDocBin},
	}
}

// bin is the content of a DocBin. Its arrays are little-endian.
type bin struct {
	Attrs   []uint64         `msgpack:"attrs"`   // columns of Tokens
	Tokens  []byte           `msgpack:"tokens"`  // uint64 [tokens, attributes]
	Spaces  []byte           `msgpack:"spaces"`  // bool [tokens]: a blank follows
	Lengths []byte           `msgpack:"lengths"` // int32 [documents], in tokens
	Strings []string         `msgpack:"strings"`
	Cats    []map[string]any `msgpack:"cats"`
	Flags   []map[string]any `msgpack:"flags"`
	Groups  []any            `msgpack:"span_groups"`
}

// spaCy's numbers of attributes, and of the places of tokens in entities.
const (
	attrOrth, attrIOB, attrType = 65, 77, 78

	iobMissing, iobInside, iobBegin = 0, 1, 3
)

// largestBin is the maximum size of the unpacked content in bytes: all of it is in
// memory.
const largestBin = 2 << 30

func readDocBin(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
	return func(yield func(draft, error) bool) {
		b, err := openBin(in)
		if err != nil {
			yield(draft{}, fmt.Errorf("read annotations: %s: %w", in.Name, err))
			return
		}
		names := b.names()
		width, token := len(b.Attrs), 0
		for n := range len(b.Lengths) / 4 {
			if err := ctx.Err(); err != nil {
				yield(draft{}, err)
				return
			}
			length := int(binary.LittleEndian.Uint32(b.Lengths[4*n:]))
			d, err := b.document(s, names, n, b.Tokens[8*width*token:8*width*(token+length)], b.Spaces[token:token+length])
			d.record, d.line = n+1, 1
			if err != nil {
				err = in.problem(n+1, 1, err)
			}
			if !yield(d, err) {
				return
			}
			token += length
		}
	}
}

// openBin reads a DocBin and checks that its arrays fit together.
func openBin(in Input) (*bin, error) {
	f, err := in.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unpacked, err := zlib.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("not a spaCy DocBin (.spacy): %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(unpacked, largestBin+1))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w; the file is damaged or cut off", err)
	}
	if len(data) > largestBin {
		return nil, fmt.Errorf("unpacks to more than %d GiB; split it in spaCy", largestBin>>30)
	}
	b := &bin{}
	if err := msgpack.NewDecoder(bytes.NewReader(data)).Decode(b); err != nil {
		return nil, errors.New("not a spaCy DocBin (.spacy): its content has another form")
	}
	tokens := 0
	for n := range len(b.Lengths) / 4 {
		length := int(int32(binary.LittleEndian.Uint32(b.Lengths[4*n:])))
		if length < 0 || length > len(b.Spaces) {
			return nil, errors.New("damaged: the length of a document isn't possible")
		}
		tokens += length
	}
	if len(b.Attrs) == 0 || tokens != len(b.Spaces) || len(b.Tokens) != 8*len(b.Attrs)*tokens {
		return nil, errors.New("damaged: its arrays have different lengths")
	}
	return b, nil
}

// names are the file's strings by their number.
func (b *bin) names() map[uint64]string {
	names := map[uint64]string{0: ""}
	for _, name := range b.Strings {
		names[stringID(name)] = name
	}
	return names
}

// document reads document n.
func (b *bin) document(s *schema, names map[uint64]string, n int, tokens, spaces []byte) (draft, error) {
	var d draft
	value := func(token, column int) uint64 {
		return binary.LittleEndian.Uint64(tokens[8*(token*len(b.Attrs)+column):])
	}
	orth, iob, kind := slices.Index(b.Attrs, attrOrth), slices.Index(b.Attrs, attrIOB), slices.Index(b.Attrs, attrType)
	if orth < 0 {
		return d, bad(datasets.KindType, "its tokens have no words")
	}
	unknownSpaces := n < len(b.Flags) && b.Flags[n]["has_unknown_spaces"] == true
	d.State = Unlabelled
	var text strings.Builder
	var spans []Span
	at := 0
	for i := range spaces {
		name, found := names[value(i, orth)]
		if !found {
			return d, bad(datasets.KindType, "token %d has a word that isn't among the file's strings", i+1)
		}
		start := at
		at += len([]rune(name))
		text.WriteString(name)
		if iob >= 0 && kind >= 0 {
			label, found := names[value(i, kind)]
			if !found {
				return d, bad(datasets.KindType, "token %d has a label that isn't among the file's strings", i+1)
			}
			switch place := value(i, iob); {
			case place == iobBegin || place == iobInside && (len(spans) == 0 || spans[len(spans)-1].Label != label):
				spans = append(spans, Span{Start: start, End: at, Label: label})
			case place == iobInside:
				spans[len(spans)-1].End = at
			}
			if value(i, iob) != iobMissing {
				d.State = Labelled
			}
		}
		if unknownSpaces || spaces[i] != 0 {
			text.WriteByte(' ')
			at++
		}
	}
	d.Text = datasets.Transcript(text.String())
	if d.State == Labelled {
		d.Spans = append([]Span{}, spans...)
	}
	if n < len(b.Groups) && hasGroups(b.Groups[n]) {
		d.lost = append(d.lost, "span groups")
	}
	if n < len(b.Cats) && len(b.Cats[n]) > 0 {
		d.State = Labelled
		return d, s.cats(&d, b.Cats[n])
	}
	return d, nil
}

// hasGroups reports whether a document has span groups, which are packed once more: no
// bytes, or an empty list, if there are none.
func hasGroups(v any) bool {
	packed, ok := v.([]byte)
	return ok && len(packed) > 1
}

// cats reads classes with their scores, which must be 0 or 1.
func (s *schema) cats(d *draft, cats map[string]any) error {
	var chosen, others []string
	for _, label := range slices.Sorted(maps.Keys(cats)) {
		switch yes, ok := yesOrNo(cats[label]); {
		case !ok:
			return bad(datasets.KindType, "category %s has a score that is neither 0 nor 1", datasets.ShowLabel(label))
		case yes:
			chosen = append(chosen, label)
		default:
			others = append(others, label)
		}
	}
	if err := s.unnamed(d, chosen); err != nil {
		return err
	}
	no := &draft{}
	for _, label := range others {
		if err := s.unnamed(no, []string{label}); err != nil {
			return err
		}
		no.Classes = nil
	}
	for head, flags := range no.Flags {
		for name := range flags {
			d.setFlag(head, name, false)
		}
	}
	return nil
}

func yesOrNo(v any) (yes, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case float64:
		return v == 1, v == 0 || v == 1
	case float32:
		return v == 1, v == 0 || v == 1
	case int8:
		return v == 1, v == 0 || v == 1
	case uint8:
		return v == 1, v == 0 || v == 1
	case int64:
		return v == 1, v == 0 || v == 1
	case uint64:
		return v == 1, v == 0 || v == 1
	}
	return false, false
}

//go:embed spacy_symbols.txt
var symbolList string

// symbols are the strings with a fixed number in spaCy, by name.
var symbols = sync.OnceValue(func() map[string]uint64 {
	numbers := map[string]uint64{}
	for i, name := range strings.Split(strings.TrimSuffix(symbolList, "\n"), "\n") {
		if name != "" {
			numbers[name] = uint64(i)
		}
	}
	return numbers
})

// stringID returns spaCy's number of a string: that of a symbol, or the string's hash.
func stringID(text string) uint64 {
	if text == "" {
		return 0
	}
	if number, found := symbols()[text]; found {
		return number
	}
	return murmur64(text, 1)
}

// murmur64 is MurmurHash64A (Appleby, public domain).
func murmur64(data string, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(data))*m
	for ; len(data) >= 8; data = data[8:] {
		k := binary.LittleEndian.Uint64([]byte(data[:8])) * m
		k = (k ^ k>>r) * m
		h = (h ^ k) * m
	}
	if len(data) > 0 {
		for i := len(data) - 1; i >= 0; i-- {
			h ^= uint64(data[i]) << (8 * i)
		}
		h *= m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}

package textfile

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// packing is a compression format.
type packing struct {
	name       string
	extensions []string // of files
	magics     []string // one of which it begins with
	open       func(io.Reader) (io.Reader, error)
}

var packings = []packing{
	{"gzip", []string{".gz"}, []string{"\x1f\x8b\x08"}, func(in io.Reader) (io.Reader, error) { return gzip.NewReader(in) }},
	{"zstd", []string{".zst", ".zstd"}, zstdMagics(), func(in io.Reader) (io.Reader, error) {
		// Without concurrency there is no goroutine, so nothing to close.
		return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	}},
	{"bzip2", []string{".bz2"}, bzip2Magics(), func(in io.Reader) (io.Reader, error) { return bzip2.NewReader(in), nil }},
}

// maxWindow is the maximum window of zstd data in bytes, and so the memory for
// decompression; it is the zstd command's default.
const maxWindow = 128 << 20

// bzip2Magics include the block size and the beginning of a block, or of the end if there
// is none: "BZh" alone may be text.
func bzip2Magics() (list []string) {
	for size := '1'; size <= '9'; size++ {
		list = append(list, "BZh"+string(size)+"\x31\x41\x59\x26\x53\x59", "BZh"+string(size)+"\x17\x72\x45\x38\x50\x90")
	}
	return list
}

// zstdMagics are those of data frames and of skippable frames, which some programs write
// first.
func zstdMagics() []string {
	list := []string{"\x28\xb5\x2f\xfd"}
	for b := byte(0x50); b < 0x60; b++ {
		list = append(list, string([]byte{b, 0x2a, 0x4d, 0x18}))
	}
	return list
}

// packingOf returns an input's compression format, or nil.
func packingOf(head []byte) *packing {
	for i, p := range packings {
		if slices.ContainsFunc(p.magics, func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }) {
			return &packings[i]
		}
	}
	return nil
}

// TrimExtension returns a file's name without the extension of a supported compression
// format: "calls.csv" for "calls.csv.gz".
func TrimExtension(name string) string {
	extension := filepath.Ext(name)
	for _, p := range packings {
		if slices.Contains(p.extensions, strings.ToLower(extension)) {
			return strings.TrimSuffix(name, extension)
		}
	}
	return name
}

func (p *packing) unpack(in *bufio.Reader, from *source, o Options) (io.Reader, error) {
	u := &unpacker{packing: p, from: from, limit: o.MaxUnpacked}
	var err error
	u.in, err = p.open(in)
	return u, u.explain(err)
}

// unpacker distinguishes damaged data from read errors, and stops at a limit.
type unpacker struct {
	*packing
	in    io.Reader
	from  *source
	done  int64
	limit int64
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.in.Read(p)
	u.done += int64(n)
	if u.limit > 0 && u.done > u.limit {
		return 0, fmt.Errorf("the %s data unpack to more than %d MiB; decompress the file, if that is right", u.name, u.limit>>20)
	}
	return n, u.explain(err)
}

func (u *unpacker) explain(err error) error {
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case u.from.err != nil:
		return u.from.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the %s data end too early; is the file whole?", u.name)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Errorf("the zstd data need more than %d MiB to decompress (--long); decompress the file first", maxWindow>>20)
	}
	return fmt.Errorf("the %s data are damaged: %w", u.name, err)
}

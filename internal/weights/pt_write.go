package weights

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

const (
	ptFolder    = "archive"
	ptAlignment = 64 // of every storage in the file, as torch.save aligns them
	// What torch.save's archive version is for a plain state dict.
	ptVersion = "3\n"
)

// WritePT writes the tensors as torch.save writes an OrderedDict of them, in
// the given order and straight from their Data. torch.load takes the file with
// weights_only=True and with mmap=True. Equal input gives equal bytes.
//
// A tensor must be smaller than 4 GiB; safetensors has no such limit.
func WritePT(w io.Writer, tensors []Tensor) error {
	if err := validateAll(tensors); err != nil {
		return fmt.Errorf("write PyTorch archive: %w", err)
	}
	archive := newArchiveWriter(w)
	records := []record{
		{"data.pkl", pickleStateDict(tensors)},
		{".format_version", []byte("1")},
		{".storage_alignment", fmt.Append(nil, ptAlignment)},
		{"byteorder", []byte("little")},
	}
	for i, t := range tensors {
		records = append(records, record{"data/" + storageKey(i), t.Data})
	}
	records = append(records, record{"version", []byte(ptVersion)})
	for _, r := range records {
		if err := archive.write(r); err != nil {
			return fmt.Errorf("write PyTorch archive: %s: %w", r.name, err)
		}
	}
	if err := archive.zip.Close(); err != nil {
		return fmt.Errorf("write PyTorch archive: %w", err)
	}
	return nil
}

func storageKey(i int) string { return fmt.Sprint(i) }

type record struct {
	name string
	data []byte
}

// archiveWriter writes an uncompressed zip archive with aligned entries.
type archiveWriter struct {
	zip *zip.Writer
	out *countingWriter
}

func newArchiveWriter(w io.Writer) *archiveWriter {
	out := &countingWriter{w: w}
	return &archiveWriter{zip: zip.NewWriter(out), out: out}
}

func (a *archiveWriter) write(r record) error {
	const localHeaderSize = 30
	if uint64(len(r.data)) >= math.MaxUint32 {
		return fmt.Errorf("%d bytes are too many for one tensor of this format: use safetensors", len(r.data))
	}
	if err := a.zip.Flush(); err != nil {
		return err
	}
	name := ptFolder + "/" + r.name
	extra := paddingField(a.out.n + localHeaderSize + int64(len(name)))
	entry, err := a.zip.CreateRaw(&zip.FileHeader{
		Name:               name,
		Extra:              extra,
		Method:             zip.Store,
		CRC32:              crc32.ChecksumIEEE(r.data),
		CompressedSize64:   uint64(len(r.data)),
		UncompressedSize64: uint64(len(r.data)),
	})
	if err != nil {
		return err
	}
	_, err = entry.Write(r.data)
	return err
}

// paddingField returns the zip extra field, of the kind that torch.save uses,
// after which the next byte of the file is aligned.
func paddingField(at int64) []byte {
	const id, fieldHeader = "FB", 4
	padding := -(at + fieldHeader) & (ptAlignment - 1)
	field := make([]byte, fieldHeader+padding)
	copy(field, id)
	binary.LittleEndian.PutUint16(field[len(id):], uint16(padding))
	for i := range field[fieldHeader:] {
		field[fieldHeader+i] = 'Z'
	}
	return field
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

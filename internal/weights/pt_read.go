package weights

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxPickle bounds data.pkl, which takes 100 to 200 bytes per tensor, and
	// so the memory that reading a hostile one takes.
	maxPickle = 4 << 20
	// maxExpanded bounds what a view that repeats its elements (stride 0) may
	// grow to when it is laid out without gaps; other views never exceed their
	// storage.
	maxExpanded = 64 << 20
)

// parsePT reads the zip archive of torch.save:
//
//	NAME/data.pkl    the pickled dict, whose tensors refer to storages by key
//	NAME/byteorder   "little" or "big"; files before PyTorch 2.1 lack it
//	NAME/data/KEY    one storage each, not compressed
//
// As PyTorch itself does, it leaves the archive's checksums alone, which
// torch.save can be told not to compute.
func parsePT(data []byte) (*File, error) {
	if bytes.HasPrefix(data, legacyMagic) {
		return parseLegacyPT(data)
	}
	records, err := readArchive(data)
	if err != nil {
		return nil, fmt.Errorf("PyTorch archive: %w", err)
	}
	pickled := records["data.pkl"]
	if len(pickled) > maxPickle {
		return nil, fmt.Errorf("PyTorch archive: data.pkl of %d bytes, at most %d are supported", len(pickled), maxPickle)
	}
	if order, ok := records["byteorder"]; ok && string(order) != "little" {
		return nil, fmt.Errorf("PyTorch archive: its byte order is %.10q, only little is supported: load and save it in Python on this machine", order)
	}
	root, err := unpickle(pickled)
	if err != nil {
		return nil, fmt.Errorf("PyTorch archive: %w", err)
	}
	return stateDict(root, records)
}

// stateDict checks that the pickle's value is a dict of names to tensors, each
// of which lies within its storage.
func stateDict(root any, records map[string][]byte) (*File, error) {
	dict, ok := root.(*pickleDict)
	if !ok {
		return nil, fmt.Errorf("PyTorch archive: it holds %s, not a dict of tensors: %s", kindOf(root), saveAgain)
	}
	f := &File{views: make(map[string]view, len(dict.keys))}
	for i, key := range dict.keys {
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("PyTorch archive: key %d is %s, not a name: %s", i, kindOf(key), saveAgain)
		}
		t, ok := dict.values[i].(pickleTensor)
		if !ok {
			return nil, fmt.Errorf("PyTorch archive: entry %q is %s, not a tensor: %s", name, kindOf(dict.values[i]), saveAgain)
		}
		if _, twice := f.views[name]; twice {
			return nil, fmt.Errorf("PyTorch archive: tensor %q comes twice", name)
		}
		v, err := t.view(records)
		if err != nil {
			return nil, fmt.Errorf("PyTorch archive: tensor %q: %w", name, err)
		}
		f.views[name] = v
		f.names = append(f.names, name)
	}
	return f, nil
}

// view checks the tensor's numbers against its storage.
func (t pickleTensor) view(records map[string][]byte) (view, error) {
	data, ok := records["data/"+t.storage.key]
	if !ok {
		return view{}, fmt.Errorf("storage %.40q is not in the archive", t.storage.key)
	}
	elem := t.storage.dtype.Size()
	if want, overflow := multiply(t.storage.count, elem); overflow || want != int64(len(data)) {
		return view{}, fmt.Errorf("storage %.40q should hold %d elements of %s, but has %d bytes", t.storage.key, t.storage.count, t.storage.dtype, len(data))
	}
	size, err := byteSize(t.storage.dtype, t.shape)
	if err != nil {
		return view{}, err
	}
	if size > max(int64(len(data)), maxExpanded) {
		return view{}, fmt.Errorf("shape %v repeats the elements of a storage of %d bytes too often: save tensor.contiguous()", t.shape, len(data))
	}
	span, err := t.span()
	if err != nil {
		return view{}, err
	}
	if t.offset < 0 || span > t.storage.count || t.offset > t.storage.count-span {
		return view{}, fmt.Errorf("offset %d, size %v and stride %v reach beyond a storage of %d elements", t.offset, t.shape, t.strides, t.storage.count)
	}
	begin, end := t.offset*elem, (t.offset+span)*elem
	v := view{dtype: t.storage.dtype, shape: t.shape, data: data[begin:end:end]}
	if !t.isContiguous() {
		v.strides = t.strides
	}
	return v, nil
}

// span returns how many elements of the storage the view covers, from its
// first to its last.
func (t pickleTensor) span() (int64, error) {
	if len(t.strides) != len(t.shape) {
		return 0, fmt.Errorf("size %v and stride %v differ in length", t.shape, t.strides)
	}
	if slices.Contains(t.shape, 0) {
		return 0, nil
	}
	last := int64(0)
	for i, stride := range t.strides {
		if stride < 0 {
			return 0, fmt.Errorf("stride %v is negative", t.strides)
		}
		step, overflow := multiply(t.shape[i]-1, stride)
		last += step
		if overflow || last < 0 {
			return 0, fmt.Errorf("size %v and stride %v reach too far", t.shape, t.strides)
		}
	}
	return last + 1, nil
}

func (t pickleTensor) isContiguous() bool {
	if slices.Contains(t.shape, 0) {
		return true
	}
	for i, stride := range rowMajorStrides(t.shape) {
		if t.shape[i] != 1 && t.strides[i] != stride {
			return false
		}
	}
	return true
}

// contiguous returns the elements in row-major order: the file's own bytes
// where they lie so, a copy otherwise.
func (v view) contiguous() []byte {
	if v.strides == nil {
		return v.data
	}
	elem := v.dtype.Size()
	n, err := byteSize(v.dtype, v.shape)
	if err != nil {
		return nil // view checked it
	}
	out := make([]byte, 0, n)
	index := make([]int64, len(v.shape))
	at := int64(0) // of the element at index
	for {
		out = append(out, v.data[at*elem:(at+1)*elem]...)
		dim := len(index) - 1
		for ; dim >= 0; dim-- {
			index[dim]++
			at += v.strides[dim]
			if index[dim] < v.shape[dim] {
				break
			}
			at -= index[dim] * v.strides[dim]
			index[dim] = 0
		}
		if dim < 0 {
			return out
		}
	}
}

// readArchive finds the records of an uncompressed zip archive, by their names
// without the archive's top folder. One of them is data.pkl.
func readArchive(data []byte) (map[string][]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: the file is cut short or damaged, get it again", err)
	}
	folder := ""
	for _, entry := range archive.File {
		if top, name, _ := strings.Cut(entry.Name, "/"); name == "data.pkl" {
			folder = top
			break
		}
	}
	if folder == "" {
		return nil, errors.New("it has no data.pkl, so torch.save did not write it: it is another file, get the weights again")
	}
	records := make(map[string][]byte, len(archive.File))
	var extents []extent
	for _, entry := range archive.File {
		name, ok := strings.CutPrefix(entry.Name, folder+"/")
		if !ok {
			return nil, fmt.Errorf("entry %.100q lies outside the folder %.100q", entry.Name, folder)
		}
		if _, twice := records[name]; twice {
			return nil, fmt.Errorf("entry %.100q comes twice", entry.Name)
		}
		where, err := locate(entry, int64(len(data)))
		if err != nil {
			return nil, fmt.Errorf("entry %.100q: %w", entry.Name, err)
		}
		records[name] = data[where.begin:where.end:where.end]
		extents = append(extents, where)
	}
	slices.SortFunc(extents, func(a, b extent) int { return cmp.Compare(a.begin, b.begin) })
	for i := 1; i < len(extents); i++ {
		if extents[i].begin < extents[i-1].end {
			return nil, errors.New("entries overlap: the file is damaged or was tampered with")
		}
	}
	return records, nil
}

// extent is where a record lies in the file.
type extent struct{ begin, end int64 }

func locate(entry *zip.File, fileSize int64) (extent, error) {
	const encrypted = 1
	switch {
	case entry.Flags&encrypted != 0:
		return extent{}, errors.New("it is encrypted")
	case entry.Method != zip.Store || entry.CompressedSize64 != entry.UncompressedSize64:
		return extent{}, errors.New("it is compressed, which torch.save never does: load and save the file again in Python")
	}
	begin, err := entry.DataOffset()
	if err != nil {
		return extent{}, err
	}
	if begin < 0 || begin > fileSize || entry.CompressedSize64 > uint64(fileSize-begin) {
		return extent{}, fmt.Errorf("it ends beyond the file's %d bytes: the file is cut short, get it again", fileSize)
	}
	return extent{begin, begin + int64(entry.CompressedSize64)}, nil
}

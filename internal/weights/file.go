package weights

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// File is an open file of weights, or a sharded checkpoint of several. Its
// contents are mapped into memory and paged in by the system as they are read. A
// File may be used by several goroutines at once, but not while it is being closed.
type File struct {
	path     string
	mapped   []byte
	shards   []*File // of a sharded checkpoint, which maps nothing itself
	names    []string
	views    map[string]view
	metadata map[string]string
}

// view is one tensor's location in the mapped file.
type view struct {
	path    string
	dtype   DType
	shape   []int64
	strides []int64 // in elements; nil for a contiguous tensor
	data    []byte  // from the tensor's first element to its last
}

var (
	zipMagic = []byte("PK\x03\x04")
	// torch.save wrote this pickled number first before version 1.6.
	legacyMagic = []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")
	// The pointer that a clone without Git LFS has in place of a large file.
	gitLFSMagic = []byte("version https://git-lfs")
)

// Open opens a safetensors file, or a PyTorch state dict: a dict of names to
// tensors that torch.save wrote. They are recognised by their contents, not by the
// file's name. No code in a pickle is run; anything that a state dict doesn't need is an
// error that names it. The caller closes the File.
func Open(path string) (*File, error) {
	mapped, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	parse := parseSafetensors
	if bytes.HasPrefix(mapped, zipMagic) || bytes.HasPrefix(mapped, legacyMagic) {
		parse = parsePT
	}
	f, err := parse(mapped)
	if err != nil {
		if bytes.HasPrefix(mapped, gitLFSMagic) {
			err = errors.New("this is a Git LFS pointer, not the weights: run `git lfs pull` where it was cloned")
		}
		return nil, errors.Join(fmt.Errorf("open weights %s: %w", path, err), unix.Munmap(mapped))
	}
	f.path, f.mapped = path, mapped
	for name, v := range f.views {
		v.path = path
		f.views[name] = v
	}
	return f, nil
}

func mapFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the mapping outlives the descriptor

	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() == 0:
		return nil, fmt.Errorf("%s is empty: get it again", path)
	case int64(int(info.Size())) != info.Size():
		return nil, fmt.Errorf("%s is too large for this machine: %d bytes", path, info.Size())
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map %s into memory: %w", path, err)
	}
	return mapped, nil
}

// Path returns the file's path as given to Open.
func (f *File) Path() string { return f.path }

// Paths returns all files read: the file itself and, for a sharded checkpoint, the
// shards.
func (f *File) Paths() []string {
	paths := []string{f.path}
	for _, shard := range f.shards {
		paths = append(paths, shard.path)
	}
	return paths
}

// Holder returns the path of the file with the named tensor: for a sharded checkpoint, the
// shard. It is "" for an unknown name.
func (f *File) Holder(name string) string { return f.views[name].path }

// Names lists the tensors in the file's order.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Metadata returns a copy of the strings stored beside the tensors; empty if there are
// none.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Tensor returns the named tensor. Its Data usually lies in the mapped file:
// it must not be written to, nor used after Close. A tensor that PyTorch saved
// as a view with gaps (a transpose, say) is copied into row-major order.
func (f *File) Tensor(name string) (Tensor, error) {
	v, ok := f.views[name]
	if !ok {
		if f.views == nil {
			return Tensor{}, fmt.Errorf("read tensor %q of %s: the file is closed", name, f.path)
		}
		return Tensor{}, fmt.Errorf("read tensor %q: %s has no such tensor", name, f.path)
	}
	return Tensor{Name: name, DType: v.dtype, Shape: slices.Clone(v.shape), Data: v.contiguous()}, nil
}

// Close unmaps the file. Data of its tensors must not be read any more.
func (f *File) Close() error {
	mapped, shards := f.mapped, f.shards
	f.mapped, f.shards, f.views, f.names = nil, nil, nil, nil
	var err error
	for _, shard := range shards {
		err = errors.Join(err, shard.Close())
	}
	if mapped == nil {
		return err
	}
	if failed := unix.Munmap(mapped); failed != nil {
		err = errors.Join(err, fmt.Errorf("close weights %s: %w", f.path, failed))
	}
	return err
}

package weights

import (
	"bytes"
	"os"
	"slices"
)

// SameFile reports whether two paths are the same file.
func SameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// Difference returns the name of the first tensor, in the order of names, whose type, shape
// or bytes differ between two files; "" if there is none. rename maps a tensor's name to
// the one to compare; tensors for which it is "" are ignored.
func Difference(a, b *File, rename func(string) string) (string, error) {
	namesA, namesB := renamed(a, rename), renamed(b, rename)
	var all []string
	for name := range namesA {
		all = append(all, name)
	}
	for name := range namesB {
		all = append(all, name)
	}
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		inA, foundA := namesA[name]
		inB, foundB := namesB[name]
		if !foundA || !foundB {
			return name, nil
		}
		tensorA, err := a.Tensor(inA)
		if err != nil {
			return "", err
		}
		tensorB, err := b.Tensor(inB)
		if err != nil {
			return "", err
		}
		if tensorA.DType != tensorB.DType || !slices.Equal(tensorA.Shape, tensorB.Shape) || !bytes.Equal(tensorA.Data, tensorB.Data) {
			return name, nil
		}
	}
	return "", nil
}

func renamed(f *File, rename func(string) string) map[string]string {
	names := map[string]string{}
	for _, name := range f.names {
		if to := rename(name); to != "" {
			names[to] = name
		}
	}
	return names
}

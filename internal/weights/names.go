package weights

import (
	"fmt"
	"slices"
	"strings"
)

// wrappers are the parts that PyTorch's wrappers put into the names of a model's
// tensors: DataParallel and DistributedDataParallel, torch.compile, FSDP, and
// activation checkpointing.
var wrappers = []string{"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}

// PlainName returns a tensor's name in the unwrapped model: without "module.",
// "_orig_mod." and the like, in any order and anywhere in the name, since a part of a
// model can be wrapped as well as the whole.
func PlainName(name string) string {
	parts := strings.Split(name, ".")
	plain := slices.DeleteFunc(slices.Clone(parts[:len(parts)-1]), func(part string) bool { return slices.Contains(wrappers, part) })
	return strings.Join(append(plain, parts[len(parts)-1]), ".")
}

// Rename renames the tensors. Duplicate names are an error, which leaves all names
// unchanged.
func (f *File) Rename(name func(string) string) error {
	names, views := make([]string, len(f.names)), make(map[string]view, len(f.names))
	was := map[string]string{}
	for i, old := range f.names {
		names[i] = name(old)
		if other, taken := was[names[i]]; taken {
			return fmt.Errorf("%s: tensors %s and %s are both %s", f.path, other, old, names[i])
		}
		was[names[i]], views[names[i]] = old, f.views[old]
	}
	f.names, f.views = names, views
	return nil
}

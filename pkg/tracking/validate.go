package tracking

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Maximum lengths in code points that all MLflow versions from 2.9 to 3.17 accept.
const (
	maxKeyLength   = 250
	maxParamLength = 6000
	maxTagLength   = 5000
)

// cleanKey turns a name into a key that MLflow accepts: letters, digits and
// "_", "/", ".", "-", " " only (others become "_"), a clean relative path, at most
// 250 code points. It returns "" when nothing is left.
func cleanKey(name string) string {
	key := strings.Map(func(r rune) rune {
		if r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("_/.- ", r)) {
			return r
		}
		return '_'
	}, name)
	return cleanPath(cut(cleanPath(key), maxKeyLength))
}

// cleanPath resolves "", ".", ".." and repeated slashes, and never leaves the folder
// that it is relative to.
func cleanPath(name string) string { return path.Clean("/" + name)[1:] }

// cut shortens text to at most n code points, and makes it valid UTF-8.
func cut(text string, n int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= n {
		return text
	}
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

// keySpace holds the keys of one kind (params, tags or metrics) of a run. MLflow's
// file store writes a file for each, so no key may be another's folder: "val" and
// "val/avg" can't coexist.
type keySpace struct {
	names   map[string]string   // as given → as sent
	files   map[string]struct{} // keys in use
	folders map[string]struct{} // and their parents
}

func newKeySpace(inUse ...string) *keySpace {
	k := &keySpace{names: map[string]string{}, files: map[string]struct{}{}, folders: map[string]struct{}{}}
	for _, key := range inUse {
		k.use(key)
	}
	return k
}

// use adds a key unchanged, because the run already has it.
func (k *keySpace) use(key string) {
	k.names[key] = key
	k.add(key)
}

// resolve returns the key for a name, always the same one, and whether to report a
// difference from the name, which is only done the first time. The key is "" if the
// name has no valid form.
func (k *keySpace) resolve(name string) (key string, renamed bool) {
	if key, ok := k.names[name]; ok {
		return key, false
	}
	key = cleanKey(name)
	if key != "" {
		key = k.withoutConflict(key)
		k.add(key)
	}
	k.names[name] = key
	return key, key != name || key == ""
}

// withoutConflict joins segments with "_" if a key in use conflicts with a folder,
// and appends "_" if a folder conflicts with the key.
func (k *keySpace) withoutConflict(key string) string {
	for i := 0; i < len(key); i++ {
		if _, taken := k.files[key[:i]]; taken && key[i] == '/' {
			key = key[:i] + "_" + key[i+1:]
		}
	}
	for {
		if _, taken := k.folders[key]; !taken {
			return key
		}
		key += "_"
	}
}

func (k *keySpace) add(key string) {
	k.files[key] = struct{}{}
	for folder := path.Dir(key); folder != "."; folder = path.Dir(folder) {
		k.folders[folder] = struct{}{}
	}
}

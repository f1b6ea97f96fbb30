package synth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// markName is the file that says which files beside it hold made-up calls: an object of their
// names and digests ([datasets.Digest]).
const markName = ".made_up_calls.json" // hidden, so that commands that read a folder don't take it for calls

// pendingMark writes the mark of files that aren't in their places yet.
func pendingMark(dir string, paths []string, pending []*renameio.PendingFile) (*renameio.PendingFile, error) {
	digests := map[string]string{}
	for i, f := range pending {
		digest, err := datasets.Digest(f.Name())
		if err != nil {
			return nil, err
		}
		digests[filepath.Base(paths[i])] = digest
	}
	data, err := json.MarshalIndent(digests, "", "  ")
	if err != nil {
		return nil, err
	}
	mark, err := renameio.NewPendingFile(filepath.Join(dir, markName), renameio.WithPermissions(0o644))
	if err == nil {
		if _, err = mark.Write(append(data, '\n')); err != nil {
			err = errors.Join(err, mark.Cleanup())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", filepath.Join(dir, markName), err)
	}
	return mark, nil
}

// MadeUp reports whether a file with that digest is as [WriteAll] wrote it. A file that was
// changed or moved to another folder isn't recognised.
func MadeUp(path, digest string) (bool, error) {
	data, err := os.ReadFile(filepath.Join(filepath.Dir(path), markName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("see whether %s holds made-up calls: %w", path, err)
	}
	var digests map[string]string
	if json.Unmarshal(data, &digests) != nil { // somebody else's
		return false, nil
	}
	return digests[filepath.Base(path)] == digest, nil
}

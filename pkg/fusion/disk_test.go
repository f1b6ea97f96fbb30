package fusion

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/disktest"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// saveFails checks that a model can't be saved in dir, and that the one there stays
// as it is.
func saveFails(t *testing.T, dir string, m *Model, tok *tokenize.Tokenizer, why error) {
	t.Helper()
	before := contents(t, dir)
	err := Save(dir, m, tok, nil)
	if !errors.Is(err, why) || !strings.HasPrefix(err.Error(), "save model: write "+dir+": ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %v", err, why)
	}
	if !maps.Equal(contents(t, dir), before) {
		t.Error("the model that was there has changed")
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
		t.Errorf("a failed save left %v (%v)", entries, err)
	}
}

// Wherever the disk is full, each of the files that are written tells.
func TestSaveOnAFullDisk(t *testing.T) { disktest.Alone(t, func() { saveOnAFullDisk(t) }) }

func saveOnAFullDisk(t *testing.T) {
	m, tok := mustLoad(t, prototype)
	dir := filepath.Join(t.TempDir(), "model")
	save(t, dir, m, tok)
	sizes := map[int64]bool{0: true, 1: true, 100: true}
	for _, file := range contents(t, dir) {
		sizes[int64(len(file))-1] = true
	}
	largest := int64(0)
	for size := range sizes {
		largest = max(largest, size)
		disktest.WithFileLimit(t, uint64(size), func() { saveFails(t, dir, m, tok, syscall.EFBIG) })
	}
	disktest.WithFileLimit(t, uint64(largest)+1, func() { save(t, dir, smallModel(t), tok) })
}

func TestSaveOnASmallDisk(t *testing.T) {
	disktest.OnSmallDisk(t, 700_000, func(disk string) {
		m, tok := mustLoad(t, prototype)
		dir := filepath.Join(disk, "model")
		save(t, dir, m, tok)
		saveFails(t, dir, m, tok, syscall.ENOSPC)
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		saveFails(t, dir, m, tok, syscall.EROFS)
	})
}

// A save that was killed while it put the files of a folder that can't be renamed in
// their places leaves the new model whole, if not in its place.
func TestLoadAfterAKilledSave(t *testing.T) {
	first, tok := mustLoad(t, prototype)
	dir, other := filepath.Join(t.TempDir(), "model"), filepath.Join(t.TempDir(), "model")
	save(t, dir, first, tok)
	save(t, other, smallModel(t), tok)
	hash, err := HashDir(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".trident"), 0o777); err != nil {
		t.Fatal(err)
	}
	version := filepath.Join(dir, ".trident", "new")
	if err := os.Rename(other, version); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ConfigFile, LabelMapsFile} { // some are in their places
		if err := os.WriteFile(filepath.Join(dir, name), []byte(contents(t, version)[name]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	m, _ := mustLoad(t, dir)
	if got, want := m.Params().Count(), smallModel(t).Params().Count(); got != want {
		t.Errorf("the model has %d parameters, want the new one's %d", got, want)
	}
	if err := m.LoadWeights(dir); err != nil {
		t.Error(err)
	}
	if got, err := HashDir(dir); err != nil || got != hash {
		t.Errorf("its hash is %s, %v; want %s", got, err, hash)
	}
}

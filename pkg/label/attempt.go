package label

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/atomicdir"
)

// attempt is one process's work on a part. It has a folder beside the part that no
// other process writes to, with the answers so far and the extent to which they are
// valid. The next attempt copies what a stopped one left. So concurrent attempts
// need no coordination: each puts the same part in place.
type attempt struct {
	folder  folder
	shard   Shard
	work    string // its own folder
	state          // what is saved, except Bytes, which counts what is written
	earlier float64
	began   time.Time
	data    *os.File
	sum     hash.Hash // of the bytes written
}

// state is an attempt's progress, and finally a part's content.
type state struct {
	Settings Settings `json:"settings"`
	Counts   Counts   `json:"counts"`
	Bytes    int64    `json:"bytes"`
	SHA256   string   `json:"sha256"`  // of the bytes
	Seconds  float64  `json:"seconds"` // all contributing attempts
}

// Files in an attempt's folder. The data file is locked while the attempt is alive.
const (
	dataFile     = "data"
	progressFile = "progress.json"
)

// begin begins a part, or continues what another attempt left.
func begin(f folder, s Shard) (*attempt, error) {
	a := &attempt{folder: f, shard: s, state: state{Settings: f.settings}, began: time.Now(), sum: sha256.New()}
	tmp, err := os.MkdirTemp(f.dir, ".new-")
	if err != nil {
		return nil, err
	}
	a.work = tmp
	err = a.open()
	if err == nil {
		err = a.takeOver()
	}
	if err != nil {
		a.leave()
		return nil, err
	}
	a.removeDead()
	return a, nil
}

// open creates the data file, locks it, and then gives the attempt's folder its name.
// Without locks in the file system this works too, but abandoned attempts stay.
func (a *attempt) open() error {
	data, err := os.OpenFile(filepath.Join(a.work, dataFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	a.data = data
	_ = unix.Flock(int(data.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	named := filepath.Join(a.folder.dir, a.prefix()+strings.TrimPrefix(filepath.Base(a.work), ".new-"))
	if err := os.Rename(a.work, named); err != nil {
		return err
	}
	a.work = named
	return nil
}

func (a *attempt) prefix() string { return "." + a.folder.partName(a.shard) + ".tmp-" }

// others returns the folders of the part's other attempts.
func (a *attempt) others() []string {
	entries, _ := os.ReadDir(a.folder.dir) // unreadable attempts can't be taken over
	var list []string
	for _, e := range entries {
		path := filepath.Join(a.folder.dir, e.Name())
		if strings.HasPrefix(e.Name(), a.prefix()) && path != a.work {
			list = append(list, path)
		}
	}
	return list
}

// takeOver copies the valid output of the most advanced attempt.
func (a *attempt) takeOver() error {
	var best state
	var from string
	for _, work := range a.others() {
		var p state
		err := readJSONFile(filepath.Join(work, progressFile), &p)
		if err == nil && p.Settings == a.Settings && p.Counts.Records > best.Counts.Records {
			best, from = p, work
		}
	}
	if from == "" {
		return nil
	}
	source, err := os.Open(filepath.Join(from, dataFile))
	if err != nil {
		return nil // it has just ended; repeating its work costs only time
	}
	defer func() { _ = source.Close() }() // only read from
	_, err = io.CopyN(a, source, best.Bytes)
	if err == nil && hex.EncodeToString(a.sum.Sum(nil)) == best.SHA256 {
		a.earlier = best.Seconds
		return a.save(best.Counts)
	}
	if err != nil && passes(err) {
		return err
	}
	a.sum.Reset() // damaged
	a.Bytes = 0
	_, err = a.data.Seek(0, io.SeekStart)
	return errors.Join(err, a.data.Truncate(0))
}

// Write adds to the part.
func (a *attempt) Write(p []byte) (int, error) {
	n, err := a.data.Write(p)
	a.sum.Write(p[:n])
	a.Bytes += int64(n)
	return n, err
}

// save syncs the output to disk and records how many calls it answers.
func (a *attempt) save(c Counts) error {
	if err := a.data.Sync(); err != nil {
		return err
	}
	a.Counts = c
	a.SHA256 = hex.EncodeToString(a.sum.Sum(nil))
	a.Seconds = a.earlier + time.Since(a.began).Seconds()
	return writeJSONFile(filepath.Join(a.work, progressFile), a.state)
}

// destination returns the job's destination for the part.
func (a *attempt) destination() *destination {
	return &destination{Writer: bufio.NewWriter(a), name: a.folder.partName(a.shard), commit: a.commit, discard: a.leave}
}

// commit puts the part in place, and then its marker.
func (a *attempt) commit() error {
	if err := a.save(a.Counts); err != nil {
		return err
	}
	err := os.Rename(filepath.Join(a.work, dataFile), a.folder.part(a.shard))
	if errors.Is(err, fs.ErrNotExist) {
		return about(fmt.Errorf("another process has removed %s: run the shard again", a.work), Passing)
	}
	if err == nil {
		err = atomicdir.Sync(a.folder.dir)
	}
	if err == nil {
		err = writeJSONFile(a.folder.marker(a.shard), a.state)
	}
	if err != nil {
		return err
	}
	a.removeDead()
	return os.RemoveAll(a.work)
}

// leave ends an attempt. Saved output stays for the next one.
func (a *attempt) leave() {
	if a.data != nil {
		_ = a.data.Close() // saved output was synced
	}
	if a.Counts.Records == 0 {
		_ = os.RemoveAll(a.work) // of no use any more
	}
}

// removeDead removes leftovers of dead attempts. Errors are ignored: leftovers are
// hidden, and the part's next attempt tries again.
func (a *attempt) removeDead() {
	for _, work := range a.others() {
		data, err := os.OpenFile(filepath.Join(work, dataFile), os.O_RDWR, 0)
		if err == nil {
			err = unix.Flock(int(data.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			_ = os.RemoveAll(work)
		}
		if data != nil {
			_ = data.Close()
		}
	}
}

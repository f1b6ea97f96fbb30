package reviews

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/atomicdir"
)

// textsName is the folder of the calls' texts. It has a file for each day, so that old
// texts go with their file.
const textsName = "texts"

// dayLayout names the files.
const dayLayout = "2006-01-02"

// textLine is a text in such a file.
type textLine struct {
	Call string `json:"call"` // its SHA-256
	Text string `json:"text"`
}

func parseText(line []byte) (textLine, error) {
	var t textLine
	if json.Unmarshal(line, &t) != nil || t.Call == "" || HashText(t.Text) != t.Call {
		return t, errors.New("it isn't a text with its SHA-256; move the file away")
	}
	return t, nil
}

// texts keeps texts.
type texts struct {
	dir  string
	day  string // of the open file
	log  *log   // nil: none is open
	have map[string]bool
}

// keep keeps a text in the file of the day, once, and returns a function that takes it
// back.
func (t *texts) keep(call, text string, now time.Time) (undo func() error, err error) {
	day := now.UTC().Format(dayLayout)
	if t.day != day || t.log.isGone() { // somebody has removed texts
		if err := t.open(day); err != nil {
			return nil, err
		}
	}
	if t.have[call] {
		return func() error { return nil }, nil
	}
	line, err := json.Marshal(textLine{call, text})
	if err != nil {
		return nil, fmt.Errorf("encode a text: %w", err)
	}
	if len(line) >= maxLine {
		return nil, invalid("text", "it has %d bytes in JSON; want less than %d", len(line), maxLine)
	}
	at, err := t.log.append(append(line, '\n'), false)
	if err != nil {
		return nil, fmt.Errorf("keep a text in %s: %w", t.dir, err)
	}
	t.have[call] = true
	return func() error {
		delete(t.have, call)
		return t.log.retract(at)
	}, nil
}

// open opens the file of a day.
func (t *texts) open(day string) error {
	if err := t.close(); err != nil {
		return err
	}
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return fmt.Errorf("keep texts: %w", err)
	}
	if err := atomicdir.Sync(filepath.Dir(t.dir)); err != nil {
		return fmt.Errorf("keep texts: %w", err)
	}
	t.have = map[string]bool{}
	isWhole := func(line []byte) bool { _, err := parseText(line); return err == nil }
	l, _, err := openLog(filepath.Join(t.dir, day+".jsonl"), isWhole, func(line []byte, _ int64) error {
		text, err := parseText(line)
		t.have[text.Call] = true
		return err
	})
	if err != nil {
		return fmt.Errorf("keep texts: %w", err)
	}
	t.day, t.log = day, l
	return nil
}

func (t *texts) close() error {
	if t.log == nil {
		return nil
	}
	err := t.log.f.Close()
	t.log, t.day = nil, ""
	return err
}

// prune removes the files of days that ended before the given time, and torn ends with
// them. It returns how many it removed.
func (t *texts) prune(before time.Time) (n int, err error) {
	entries, err := os.ReadDir(t.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("remove old texts: %w", err)
	}
	var wrong []error
	for _, e := range entries {
		day, err := dayOf(e.Name())
		if err != nil || day.AddDate(0, 0, 1).After(before) {
			continue
		}
		if day.Format(dayLayout) == t.day {
			wrong = append(wrong, t.close())
		}
		if err := os.Remove(filepath.Join(t.dir, e.Name())); err != nil {
			wrong = append(wrong, fmt.Errorf("remove old texts: %w", err))
			continue
		}
		n++
	}
	if n > 0 {
		wrong = append(wrong, atomicdir.Sync(t.dir))
	}
	return n, errors.Join(wrong...)
}

// dayOf is the day of a file of texts, or of what a crash left of one.
func dayOf(name string) (time.Time, error) {
	const tail = dayLayout + ".jsonl"
	if len(name) < len(tail) {
		return time.Time{}, errors.New("no file of texts")
	}
	return time.Parse(tail, name[len(name)-len(tail):])
}

// ParseRetention reads how long texts are kept: days, such as 90d, or a duration of Go,
// such as 36h; "" is 0, for good.
func ParseRetention(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	const day, most = 24 * time.Hour, 100 * 365
	if days, found := strings.CutSuffix(s, "d"); found {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > most {
			return 0, fmt.Errorf("%q: want days from 1d to %dd", s, most)
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q: want days, such as 90d, or hours, such as 36h", s)
	}
	return d, nil
}

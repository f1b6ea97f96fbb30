package reviews

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Loaded are the reviews of a folder or file.
type Loaded struct {
	Reviews []Review          // in the order in which they were kept
	Texts   map[string]string // of calls by Review.Call, as far as they are kept
	Torn    bool              // the last line isn't finished, and is left out
}

// Load reads a folder of reviews, also while a server writes it, or a file that the page
// has handed out.
func Load(path string) (Loaded, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Loaded{}, fmt.Errorf("read reviews: %w", err)
	}
	if !info.IsDir() {
		f, err := os.Open(path)
		if err != nil {
			return Loaded{}, fmt.Errorf("read reviews: %w", err)
		}
		defer f.Close()
		return Decode(f, path)
	}
	f, err := os.Open(filepath.Join(path, logName))
	if errors.Is(err, fs.ErrNotExist) {
		return Loaded{}, fmt.Errorf("read reviews: there is no %s in %s; is it the folder of serve --reviews?", logName, path)
	}
	if err != nil {
		return Loaded{}, fmt.Errorf("read reviews: %w", err)
	}
	defer f.Close()
	loaded, err := Decode(f, f.Name())
	if err != nil {
		return Loaded{}, err
	}
	return loaded, loaded.addTexts(filepath.Join(path, textsName))
}

// Decode reads reviews, a line each. name is for messages.
func Decode(r io.Reader, name string) (Loaded, error) {
	loaded := Loaded{Texts: map[string]string{}}
	take := func(line []byte, _ int64) error {
		review, err := parse(line)
		if err != nil {
			return err
		}
		if review.Text != "" {
			review.Call = HashText(review.Text)
			loaded.Texts[review.Call] = review.Text
			review.Text = ""
		}
		loaded.Reviews = append(loaded.Reviews, review)
		return nil
	}
	_, rest, err := eachLine(r, take)
	if err != nil {
		return Loaded{}, fmt.Errorf("read reviews: %s: %w", name, err)
	}
	loaded.Torn = len(rest) > 0 && take(rest, 0) != nil
	return loaded, nil
}

// addTexts reads the texts that are kept.
func (l *Loaded) addTexts(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read texts: %w", err)
	}
	for _, e := range entries {
		if _, err := time.Parse(dayLayout+".jsonl", e.Name()); err != nil { // such as what a crash left
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // it has just been removed as too old
			continue
		}
		if err != nil {
			return fmt.Errorf("read texts: %w", err)
		}
		_, _, err = eachLine(f, func(line []byte, _ int64) error {
			t, err := parseText(line)
			l.Texts[t.Call] = t.Text
			return err
		})
		f.Close()
		if err != nil {
			return fmt.Errorf("read texts: %s: %w", path, err)
		}
	}
	return nil
}

// Calls returns the reviews by call, and the calls in the order of their first review.
func (l Loaded) Calls() (calls []string, by map[string][]Review) {
	by = map[string][]Review{}
	for _, r := range l.Reviews {
		if by[r.Call] == nil {
			calls = append(calls, r.Call)
		}
		by[r.Call] = append(by[r.Call], r)
	}
	return calls, by
}

// RecordID is the id that a call had in the file from which it was reviewed last.
func RecordID(list []Review) string {
	id := ""
	for _, r := range list {
		if r.Record != "" {
			id = r.Record
		}
	}
	return id
}

// Merge returns what a call's reviews, the oldest first, say together: of each item the
// last review that has a label, or isn't sure, counts. What the last one isn't sure of is
// missing. What a reviewer said and no longer says doesn't count: see [withdrawn].
func Merge(list []Review) Labels {
	all := values{map[Item][]Span{}, map[Item]string{}}
	gone := withdrawn(list)
	for i, r := range list {
		v := r.New.values()
		v.remove(func(item string) bool { return gone[i][item] })
		maps.Copy(all.spans, v.spans)
		maps.Copy(all.plain, v.plain)
		all.remove(func(item string) bool { return slices.Contains(r.Unsure, item) && !gone[i][item] })
	}
	return all.labels()
}

// withdrawn returns, of each review, the items of which the same reviewer's later ones say
// nothing, although they were proposed to them. A review that is based on none replaces
// none: it may be somebody else's who has no name.
func withdrawn(list []Review) []map[string]bool {
	gone := make([]map[string]bool, len(list))
	by := map[string]map[string]bool{}
	for i, r := range slices.Backward(list) {
		gone[i] = maps.Clone(by[r.Who])
		if r.BasedOn == "" {
			continue
		}
		said, left := r.New.values(), r.Old.values()
		left.remove(func(item string) bool { return slices.Contains(r.Unsure, item) })
		for item := range left.spans {
			if _, ok := said.spans[item]; !ok {
				mark(by, r.Who, item)
			}
		}
		for item := range left.plain {
			if _, ok := said.plain[item]; !ok {
				mark(by, r.Who, item)
			}
		}
	}
	return gone
}

func mark(by map[string]map[string]bool, who string, item Item) {
	if by[who] == nil {
		by[who] = map[string]bool{}
	}
	by[who][item.String()] = true
}

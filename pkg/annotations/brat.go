package annotations

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/textfile"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// brat is brat's standoff files: a folder with NAME.txt and NAME.ann for each document,
// whose id is NAME.
func brat() Format {
	return Format{
		Name: "brat", About: "brat standoff, a folder of .txt and .ann files", Reads: true, Writes: true, Folder: true, Output: UnitCodePoint,
		Can: Carries{IDs: true, Spans: true, Overlaps: true, Unlabelled: true},
		code: codec{
			offsets: true,
			read:    readBrat,
			createIn: func(dir string, s *schema, seen fields) (writer, error) {
				return &bratWriter{dir: dir, s: s, taken: seen.numbers}, nil
			},
			own:   func(name string) bool { return slices.Contains([]string{".txt", ".ann"}, filepath.Ext(name)) },
			loses: losesInBrat,
		},
	}
}

const largestBrat = 64 << 20 // bytes of a file

func readBrat(ctx context.Context, in Input, _ *schema) iter.Seq2[draft, error] {
	return func(yield func(draft, error) bool) {
		names, err := bratFiles(in)
		if err != nil {
			yield(draft{}, err)
			return
		}
		for n, name := range names {
			if err := ctx.Err(); err != nil {
				yield(draft{}, err)
				return
			}
			d := draft{record: n + 1, line: 1}
			d.ID = strings.TrimSuffix(filepath.Base(name), ".txt")
			err := readBratPair(name, &d)
			switch {
			case errors.As(err, new(*fs.PathError)):
				err = fmt.Errorf("read annotations: %w", err)
			case err != nil:
				at := Input{Name: strings.TrimSuffix(name, ".txt") + ".ann"}
				err = at.problem(d.record, d.line, err)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// bratFiles lists a folder's texts.
func bratFiles(in Input) ([]string, error) {
	info, err := os.Stat(in.path)
	if in.path == "" || err == nil && !info.IsDir() {
		return nil, badOptions("brat's files are a folder; give it with --input")
	}
	if err != nil {
		return nil, fmt.Errorf("read annotations: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(escapeGlob(in.path), "*.txt"))
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s holds no .txt files", in.path)
	}
	if err != nil {
		return nil, fmt.Errorf("read annotations: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// readBratPair reads a text and its annotations. d.line is the line of an error.
func readBratPair(name string, d *draft) error {
	text, err := readText(name)
	if err != nil {
		return err
	}
	d.Text = datasets.Transcript(text)
	ann, err := readText(strings.TrimSuffix(name, ".txt") + ".ann")
	if errors.Is(err, fs.ErrNotExist) {
		d.State = Unlabelled
		return nil
	}
	if err != nil {
		return err
	}
	d.Spans = []Span{}
	for n, line := range strings.Split(ann, "\n") {
		d.line = n + 1
		if err := readStandoff(strings.TrimRight(line, "\r"), d); err != nil {
			return err
		}
	}
	d.line = 1
	return nil
}

func readText(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	r, err := textfile.NewReader(f, textfile.Options{MaxUnpacked: largestBrat})
	if err != nil {
		return "", bad(datasets.KindUTF8, "%s: %w", filepath.Base(path), err)
	}
	data, err := io.ReadAll(io.LimitReader(r, largestBrat+1))
	switch {
	case err != nil:
		return "", err
	case len(data) > largestBrat:
		return "", bad(datasets.KindTooLong, "%s is longer than %d MiB", filepath.Base(path), largestBrat>>20)
	case !utf8.Valid(data):
		return "", bad(datasets.KindUTF8, "%s isn't valid UTF-8; save it in UTF-8", filepath.Base(path))
	}
	return string(data), nil
}

// standoffKinds are the annotations that documents can't hold, by the first character of
// their ids.
var standoffKinds = map[byte]string{'R': "relations", 'E': "events", 'A': "attributes", 'M': "attributes", 'N': "normalisations", '*': "equivalences", '#': "notes"}

// readStandoff reads a line: "T1<tab>LABEL START END<tab>TEXT".
func readStandoff(line string, d *draft) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	if line[0] != 'T' {
		kind, known := standoffKinds[line[0]]
		if !known {
			return bad(datasets.KindTable, "the line is none of brat's annotations")
		}
		d.lost = append(d.lost, kind)
		return nil
	}
	id, rest, _ := strings.Cut(line, "\t")
	middle, surface, found := strings.Cut(rest, "\t")
	label, offsets, both := strings.Cut(middle, " ")
	switch {
	case !found || !both:
		return bad(datasets.KindTable, "want an id, a label with its offsets and a text, separated by tabs")
	case strings.Contains(offsets, ";"):
		return bad(datasets.KindRange, "annotation %s is discontinuous, %s: entities are one piece; make it one in brat, or several", datasets.ShowLabel(id), datasets.ShowLabel(offsets))
	}
	from, to, _ := strings.Cut(offsets, " ")
	start, err1 := strconv.Atoi(from)
	end, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil {
		return bad(datasets.KindType, "annotation %s: its offsets aren't two numbers", datasets.ShowLabel(id))
	}
	d.Spans, d.surfaces = append(d.Spans, Span{Start: start, End: end, Label: label}), append(d.surfaces, surface)
	return nil
}

// losesInBrat refuses labels that a line can't hold, and ids that aren't names of files.
func losesInBrat(s *schema, d Document) ([]string, error) {
	for i, e := range d.Spans {
		if strings.ContainsFunc(e.Label, unicode.IsSpace) || strings.ContainsRune(e.Label, ';') {
			return nil, bad(datasets.KindLabel, "entity %d: label %s has blanks or semicolons, which brat's can't; rename it with --map", i+1, datasets.ShowLabel(e.Label))
		}
	}
	if _, err := inUnit(s, UnitCodePoint, d); err != nil {
		return nil, err
	}
	if err := readable(d.Text); err != nil {
		return nil, err
	}
	var lost []string
	if strings.HasPrefix(string(d.Text), "\ufeff") {
		lost = append(lost, "a byte-order mark at the beginning")
	}
	if d.ID != "" && !isFileName(d.ID) {
		lost = append(lost, "ids that aren't names of files")
	}
	return lost, nil
}

// isFileName reports whether an id can be a file's name.
func isFileName(id string) bool {
	return len(id) <= 200 && !strings.HasPrefix(id, ".") && !strings.ContainsFunc(id, func(r rune) bool {
		return !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|`, r)
	})
}

// unnamedFile begins the names of files of documents without id.
const unnamedFile = "call-"

type bratWriter struct {
	dir   string
	s     *schema
	taken map[string]bool // ids that begin so, too
	n     int
}

// name is that of a document's files: its id, or its number if that is none.
func (b *bratWriter) name(d Document) string {
	b.n++
	if d.ID != "" && isFileName(d.ID) {
		return d.ID
	}
	for ; ; b.n++ {
		if name := fmt.Sprintf("%s%07d", unnamedFile, b.n); !b.taken[name] {
			return name
		}
	}
}

func (b *bratWriter) write(d Document) error {
	path := filepath.Join(b.dir, b.name(d))
	f, err := os.OpenFile(path+".txt", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return errors.New("two calls have the same id, which names their files: give each its own, or leave out --keep-unlabelled")
	}
	if err != nil {
		return err
	}
	if _, err := io.WriteString(f, string(d.Text)); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil || d.State != Labelled {
		return err
	}
	spans, err := inUnit(b.s, UnitCodePoint, d)
	if err != nil {
		return err
	}
	text := []rune(string(d.Text))
	var lines strings.Builder
	for i, e := range spans {
		surface := strings.NewReplacer("\r", " ", "\n", " ", "\t", " ").Replace(string(text[d.Spans[i].Start:d.Spans[i].End]))
		fmt.Fprintf(&lines, "T%d\t%s %d %d\t%s\n", i+1, e.Label, e.Start, e.End, surface)
	}
	return os.WriteFile(path+".ann", []byte(lines.String()), 0o666)
}

func (b *bratWriter) close() error { return nil }

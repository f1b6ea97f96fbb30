package annotations

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/textfile"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// conll is CoNLL's columns: a word and its tag in each line, blank lines between
// sentences, -DOCSTART- before documents. Without such lines each sentence is a document,
// and likewise if there is none between the first one and a word: Label Studio writes it
// as a header.
func conll() Format {
	return Format{
		Name: "conll", About: "CoNLL columns with IOB1, IOB2 or BILOU tags", Reads: true, Writes: true,
		Can: Carries{Spans: true},
		code: codec{
			read: readCoNLL,
			create: func(w io.Writer, s *schema, _ fields) (writer, error) {
				return &conllWriter{w, s.Tags}, nil
			},
			loses: losesAsColumns,
		},
	}
}

const docStart = "-DOCSTART-"

// sentence is the words and tags of a block of lines.
type sentence struct {
	words, tags []string
	start       bool // -DOCSTART- stands before it,
	apart       bool // with a blank line between
	line        int
	err         error // the first in it
}

func readCoNLL(ctx context.Context, in Input, _ *schema) iter.Seq2[draft, error] {
	return func(yield func(draft, error) bool) {
		f, err := in.open()
		if err != nil {
			yield(draft{}, fmt.Errorf("read annotations: %w", err))
			return
		}
		defer f.Close()
		var parts []sentence
		documents, number := false, 0
		flush := func() bool {
			if len(parts) == 0 {
				return true
			}
			number++
			d, err := joined(parts)
			d.record, d.line = number, parts[0].line
			if err != nil {
				err = in.problem(d.record, d.line, err)
			}
			parts = nil
			return yield(d, err)
		}
		for s, err := range sentences(f) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(draft{}, in.about(err))
				return
			}
			if (s.start || !documents) && !flush() {
				return
			}
			documents = documents || s.apart
			if len(s.words) > 0 || s.err != nil {
				parts = append(parts, s)
			}
		}
		flush()
	}
}

// sentences yields the blocks of lines.
func sentences(in io.Reader) iter.Seq2[sentence, error] {
	return func(yield func(sentence, error) bool) {
		text, err := textfile.NewReader(in, textfile.Options{})
		if err != nil {
			yield(sentence{}, err)
			return
		}
		lines := bufio.NewScanner(text)
		lines.Buffer(nil, 1<<20)
		var s sentence
		for n := 1; lines.Scan(); n++ {
			line := strings.TrimRight(lines.Text(), "\r")
			columns := columnsIn(line)
			switch {
			case len(columns) == 0 && len(s.words) == 0:
				s.apart = s.start
				continue
			case len(columns) == 0 || columns[0] == docStart:
				if !yield(s, nil) {
					return
				}
				s = sentence{start: len(columns) > 0}
				continue
			case len(columns) == 1 && s.err == nil:
				s.err = bad(datasets.KindTable, "line %d has one column; want a word and its tag, separated by a tab or by blanks", n)
			case strings.Contains(columns[len(columns)-1], " ") && s.err == nil:
				s.err = bad(datasets.KindTable, "line %d has a tag with blanks; separate the columns of a line by tabs or by blanks, not by both", n)
			case !utf8.ValidString(line) && s.err == nil:
				s.err = bad(datasets.KindUTF8, "line %d isn't valid UTF-8; save the file in UTF-8", n)
			}
			if len(s.words) == 0 {
				s.line = n
			}
			s.words, s.tags = append(s.words, columns[0]), append(s.tags, columns[len(columns)-1])
		}
		if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield(sentence{}, errors.New("a line is longer than 1 MiB"))
			return
		} else if err != nil {
			yield(sentence{}, err)
			return
		}
		yield(s, nil)
	}
}

// columnsIn splits a line at its tabs or, if it has none, at its blanks: a word with blanks
// inside stays one.
func columnsIn(line string) []string {
	if !strings.Contains(line, "\t") {
		return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' })
	}
	var columns []string
	for column := range strings.SplitSeq(line, "\t") {
		if column = strings.Trim(column, " "); column != "" {
			columns = append(columns, column)
		}
	}
	return columns
}

// joined returns sentences as a document, one in each line, with a blank between words.
func joined(parts []sentence) (draft, error) {
	d := draft{Document: Document{Spans: []Span{}}}
	var text strings.Builder
	at := 0
	for n, s := range parts {
		if s.err != nil {
			return d, s.err
		}
		if n > 0 {
			text.WriteByte('\n')
			at++
		}
		var words []word
		for i, w := range s.words {
			if i > 0 {
				text.WriteByte(' ')
				at++
			}
			end := at + utf8.RuneCountInString(w)
			words = append(words, word{at, end})
			text.WriteString(w)
			at = end
		}
		spans, err := entitiesOf(words, s.tags)
		if err != nil {
			return d, err
		}
		d.Spans = append(d.Spans, spans...)
	}
	d.Text = datasets.Transcript(text.String())
	return d, nil
}

// columnsOf splits a document into sentences at its line breaks, except inside entities.
func columnsOf(d Document, scheme TagScheme) []sentence {
	text := []rune(string(d.Text))
	words := wordsOf(text, d.Spans)
	tags := tagsOf(words, d.Spans, scheme)
	var parts []sentence
	for i, w := range words {
		if i == 0 || breaks(text[words[i-1].end:w.start]) && !slices.ContainsFunc(d.Spans, func(e Span) bool { return e.Start < w.start && w.start < e.End }) {
			parts = append(parts, sentence{})
		}
		s := &parts[len(parts)-1]
		s.words, s.tags = append(s.words, string(text[w.start:w.end])), append(s.tags, tags[i])
	}
	return parts
}

func breaks(blanks []rune) bool { return slices.Contains(blanks, '\n') }

// losesAsColumns lists what is lost of a document: its text is that of the columns, read
// again.
func losesAsColumns(s *schema, d Document) ([]string, error) {
	lost, err := losesBlanks([]rune(string(d.Text)), d.Spans)
	if err != nil {
		return nil, err
	}
	again, err := joined(columnsOf(d, s.Tags))
	if err != nil {
		return nil, err
	}
	if err := withoutNUL(d.Text); err != nil {
		return nil, err
	}
	if again.Text != d.Text {
		lost = append(lost, "spacing of the text")
	}
	return lost, nil
}

type conllWriter struct {
	w      io.Writer
	scheme TagScheme
}

func (c *conllWriter) write(d Document) error {
	var b strings.Builder
	b.WriteString(docStart + " O\n\n")
	for _, s := range columnsOf(d, c.scheme) {
		for i := range s.words {
			b.WriteString(s.words[i] + " " + s.tags[i] + "\n")
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(c.w, b.String())
	return err
}

func (c *conllWriter) close() error { return nil }

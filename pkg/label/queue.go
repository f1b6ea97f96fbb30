package label

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/triage"
)

// queueWriter writes calls in the order of [triage.Queue]. Until the end of the input their
// answers are in a file without a name; only the costs are in memory.
type queueWriter struct {
	out     io.Writer
	answers answersOf
	spool   *os.File

	parts   []part
	reviews []*triage.Review
}

// part is where an answer is in the spool.
type part struct{ offset, size int64 }

// answersOf is the form of a queue's answers.
type answersOf struct {
	one                    writer        // writes one answer, without what is between two
	buffer                 *bytes.Buffer // where one writes
	before, between, after string        // the whole output
}

// newQueueWriter returns a writer with the answers in the form a.
func newQueueWriter(out io.Writer, a answersOf) (*queueWriter, error) {
	spool, err := os.CreateTemp("", "trident-queue-")
	if err != nil {
		return nil, fmt.Errorf("keep answers until all are there: %w", err)
	}
	if err := os.Remove(spool.Name()); err != nil { // the file stays until it is closed, even by a kill
		_ = spool.Close()
		return nil, fmt.Errorf("keep answers until all are there: %w", err)
	}
	return &queueWriter{out: out, answers: a, spool: spool}, nil
}

func (q *queueWriter) write(number int, r record, p fusion.Prediction) error {
	q.answers.buffer.Reset()
	if err := q.answers.one.write(number, r, p); err != nil {
		return err
	}
	at := part{size: int64(q.answers.buffer.Len())}
	if n := len(q.parts); n > 0 {
		at.offset = q.parts[n-1].offset + q.parts[n-1].size
	}
	if _, err := q.spool.Write(q.answers.buffer.Bytes()); err != nil {
		return fmt.Errorf("keep answers until all are there (TMPDIR sets where): %w", err)
	}
	q.parts, q.reviews = append(q.parts, at), append(q.reviews, p.Review)
	return nil
}

func (q *queueWriter) finish() error {
	if _, err := io.WriteString(q.out, q.answers.before); err != nil {
		return err
	}
	for place, ranked := range triage.Queue(q.reviews) {
		if place > 0 {
			if _, err := io.WriteString(q.out, q.answers.between); err != nil {
				return err
			}
		}
		at := q.parts[ranked.Index]
		if _, err := io.Copy(q.out, io.NewSectionReader(q.spool, at.offset, at.size)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(q.out, q.answers.after)
	return err
}

// discard removes the answers.
func (q *queueWriter) discard() { _ = q.spool.Close() }

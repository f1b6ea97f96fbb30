package reviews

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Review is what one person said of one call, at one time.
type Review struct {
	Version int       `json:"v" doc:"Of the format: 1."`
	ID      string    `json:"id" doc:"Of this review."`
	Call    string    `json:"call" doc:"SHA-256 of the call's text, which tells calls apart."`
	Record  string    `json:"record,omitempty" doc:"The call's id in the file that it comes from."`
	Who     string    `json:"who" doc:"Name of the reviewer's key; empty on a server without keys."`
	When    time.Time `json:"when" doc:"When it was kept."`
	Model   string    `json:"model" doc:"SHA-256 of the model that made the proposal."`
	BasedOn string    `json:"based_on,omitempty" doc:"Id of the call's latest review that the reviewer knew of."`
	Old     Labels    `json:"old" doc:"What the model proposed."`
	New     Labels    `json:"new" doc:"What the reviewer says; it lacks what wasn't checked."`
	Unsure  []string  `json:"unsure,omitempty" doc:"What the reviewer isn't sure of: ner, cls/priority, qa/opening/0, …"`
	Note    string    `json:"note,omitempty" doc:"The reviewer's own words."`

	// Text is the call's text. Only files that the page hands out have it.
	Text string `json:"text,omitempty"`
}

// LogValue keeps notes and labels out of logs.
func (r Review) LogValue() slog.Value { return slog.StringValue("[review " + r.ID + "]") }

// formatVersion is the Version of reviews that this package writes.
const formatVersion = 1

// Limits of a review.
const (
	MaxRecord = 256      // bytes of a call's id
	MaxNote   = 2000     // bytes of a note
	maxModel  = 128      // bytes
	maxLabel  = 256      // bytes of a label, or of the name of a task, a head or a yes/no label
	maxSpans  = 10000    // entities of a task
	maxNames  = 1000     // tasks, heads of one, and names of one
	maxReview = 1 << 20  // bytes of a line
	maxLine   = 64 << 20 // bytes of a line with a text
)

// HashText returns the SHA-256 of a call's text, in hexadecimal.
func HashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Invalid is an error about what a reviewer sent. It quotes nothing of it.
type Invalid struct {
	Field  string // such as "new.entities[3]"
	Reason string
}

// Error implements error.
func (e *Invalid) Error() string { return fmt.Sprintf("review: %s: %s", e.Field, e.Reason) }

func invalid(field, format string, args ...any) error {
	return &Invalid{field, fmt.Sprintf(format, args...)}
}

// check returns an [Invalid] unless r is a review of a text of that many code points; -1
// is a text of unknown length.
func (r *Review) check(length int) error {
	switch {
	case len(r.Record) > MaxRecord:
		return invalid("record", "want at most %d bytes", MaxRecord)
	case len(r.Note) > MaxNote:
		return invalid("note", "want at most %d bytes", MaxNote)
	case len(r.Model) > maxModel || !isName(r.Model):
		return invalid("model", "want the model's hash, as the answer to the prediction has it")
	case len(r.BasedOn) > maxLabel:
		return invalid("based_on", "want the id of a review")
	case len(r.Unsure) > maxNames*maxNames:
		return invalid("unsure", "too many")
	}
	for i, item := range r.Unsure {
		if len(item) > 3*maxLabel || item == "" {
			return invalid(fmt.Sprintf("unsure[%d]", i), "want what isn't sure, such as cls/priority")
		}
	}
	if err := r.Old.check("old", length); err != nil {
		return err
	}
	if err := r.New.check("new", length); err != nil {
		return err
	}
	if isEmpty(r.New) && len(r.Unsure) == 0 && strings.TrimSpace(r.Note) == "" {
		return invalid("new", "it says nothing: want a label, something in unsure, or a note")
	}
	return nil
}

func isName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}

func isEmpty(l Labels) bool {
	v := l.values()
	return len(v.spans) == 0 && len(v.plain) == 0
}

// check sorts entities, and returns what is wrong.
func (l *Labels) check(field string, length int) error {
	if err := checkEntities(l.Entities, field+".entities", length); err != nil {
		return err
	}
	if err := checkClasses(l.Classification, field+".classification"); err != nil {
		return err
	}
	if len(l.QA) > maxNames || len(l.Tasks) > maxNames {
		return invalid(field, "too many")
	}
	for head, list := range l.QA {
		if !isLabel(head) || len(list) > maxNames {
			return invalid(field+".qa", "want groups with 0, 1 or -1 for each criterion")
		}
		for _, value := range list {
			if value < -1 || value > 1 {
				return invalid(field+".qa", "want 0, 1 or -1 for each criterion")
			}
		}
	}
	for name, own := range l.Tasks {
		if !isLabel(name) || name == tasks.NERName || name == tasks.CLSName || name == tasks.QAName {
			return invalid(field+".tasks", "want names of own tasks")
		}
		if err := own.check(field+".tasks", length); err != nil {
			return err
		}
	}
	return nil
}

func (o Own) check(field string, length int) error {
	if err := checkEntities(o.Entities, field+".entities", length); err != nil {
		return err
	}
	if err := checkClasses(o.Classes, field); err != nil {
		return err
	}
	if len(o.Flags) > maxNames {
		return invalid(field, "too many heads")
	}
	for head, flags := range o.Flags {
		if !isLabel(head) || len(flags) > maxNames {
			return invalid(field, "want heads with 0 or 1 for each name")
		}
		for name, value := range flags {
			if !isLabel(name) || value != 0 && value != 1 {
				return invalid(field, "want 0 or 1 for each name")
			}
		}
	}
	return nil
}

func checkClasses(classes map[string]string, field string) error {
	if len(classes) > maxNames {
		return invalid(field, "too many heads")
	}
	for head, label := range classes {
		if !isLabel(head) || !isLabel(label) {
			return invalid(field, "want a label for each head, of at most %d bytes", maxLabel)
		}
	}
	return nil
}

// isLabel reports whether s may be a label or a name: control characters in it would reach
// terminals and tables.
func isLabel(s string) bool {
	return s != "" && len(s) <= maxLabel && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// checkEntities sorts entities by place, and requires them to be in the text, without
// overlaps.
func checkEntities(list []Span, field string, length int) error {
	if len(list) > maxSpans {
		return invalid(field, "%d entities; want at most %d", len(list), maxSpans)
	}
	slices.SortStableFunc(list, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	end := 0
	for i, e := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case !isLabel(e.Label):
			return invalid(at, "want a label of at most %d bytes", maxLabel)
		case e.Start < 0 || e.End <= e.Start || length >= 0 && e.End > length:
			return invalid(at, "it isn't a part of the text, in code points")
		case e.Start < end:
			return invalid(at, "it overlaps another one")
		}
		end = e.End
	}
	return nil
}

// encode returns a review as a line.
func encode(r Review) ([]byte, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode review: %w", err)
	}
	if len(line) >= maxReview {
		return nil, invalid("new", "the review has %d bytes; want less than %d", len(line), maxReview)
	}
	return append(line, '\n'), nil
}

// content is what a review says, without who, when and on which basis.
func (r Review) content() [sha256.Size]byte {
	r.ID, r.Who, r.When, r.BasedOn, r.Text = "", "", time.Time{}, "", ""
	line, err := json.Marshal(r)
	if err != nil {
		return [sha256.Size]byte{} // strings and numbers alone
	}
	return sha256.Sum256(line)
}

package datasets

import (
	"fmt"
	"io"
	"log/slog"
	"unicode/utf8"
)

// Transcript is the text of a call. It speaks of children in danger, so it
// never prints itself: fmt and slog show its length, and a caller that means
// to have the text says so with string(t).
type Transcript string

// String returns the transcript's length in code points, not its text.
func (t Transcript) String() string {
	return fmt.Sprintf("[transcript, %d characters]", utf8.RuneCountInString(string(t)))
}

// Format is String whatever the verb; fmt itself would show the text for one
// that doesn't suit a string.
func (t Transcript) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, t.String()) // fmt's own buffer
}

// LogValue is String, for log/slog.
func (t Transcript) LogValue() slog.Value { return slog.StringValue(t.String()) }

// LogValue keeps what the record holds out of logs, which may be JSON.
func (r NERRecord) LogValue() slog.Value { return r.Text.LogValue() }

// LogValue keeps what the record holds out of logs, which may be JSON.
func (r CaseRecord) LogValue() slog.Value { return r.Narrative.LogValue() }

// LogValue keeps what the record holds out of logs, which may be JSON.
func (r QARecord) LogValue() slog.Value { return r.Text.LogValue() }

// LogValue keeps what the records hold out of logs, which may be JSON.
func (r Records) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("[%d records]", len(r.Texts)))
}

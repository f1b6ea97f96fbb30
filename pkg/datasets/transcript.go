package datasets

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Transcript is the text of a call. It is about children in danger, so it is never
// printed by accident: fmt and slog show its length; use string(t) to get the text.
type Transcript string

// String returns the transcript's length in code points, not its text.
func (t Transcript) String() string {
	return fmt.Sprintf("[transcript, %d characters]", utf8.RuneCountInString(string(t)))
}

// Normalised returns the text with each run of Unicode white space as one space, and none
// at its ends: texts that differ in white space alone have the same tokens, and are the
// same call.
func (t Transcript) Normalised() Transcript {
	return Transcript(strings.Join(strings.Fields(string(t)), " "))
}

// Format is String for all verbs; by default fmt would show the text for verbs that
// don't apply to strings.
func (t Transcript) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, t.String()) // can't fail: fmt's buffer
}

// LogValue is String, for log/slog.
func (t Transcript) LogValue() slog.Value { return slog.StringValue(t.String()) }

// LogValue keeps the record's contents out of logs, which may be JSON.
func (r NERRecord) LogValue() slog.Value { return r.Text.LogValue() }

// LogValue keeps the record's contents out of logs, which may be JSON.
func (r CaseRecord) LogValue() slog.Value { return r.Narrative.LogValue() }

// LogValue keeps the record's contents out of logs, which may be JSON.
func (r QARecord) LogValue() slog.Value { return r.Text.LogValue() }

// LogValue keeps the records' contents out of logs, which may be JSON.
func (r Records) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("[%d records]", len(r.Texts)))
}

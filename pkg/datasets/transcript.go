package datasets

import (
	"fmt"
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

// GoString is String, for %#v.
func (t Transcript) GoString() string { return t.String() }

// LogValue is String, for log/slog.
func (t Transcript) LogValue() slog.Value { return slog.StringValue(t.String()) }

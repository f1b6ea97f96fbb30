package redact

import (
	"strings"
	"testing"
)

// BenchmarkRedact redacts a call of about 400 words.
func BenchmarkRedact(b *testing.B) {
	plain, spans := marked("{NAME:Amina Hassan} calls from {LOCATION:Kisumu} about {VICTIM:Juma}, {AGE:9}, on 0712 345 678. ")
	text := plain + strings.Repeat("She says that he is beaten at home and that Amina knows of it. ", 30)
	r := newRedactor(b, Label, DefaultLabels()...)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Redact(text, spans)
	}
}

package redact

import (
	"fmt"
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

// BenchmarkHostile redacts texts made to take long, with an entity at every third character.
// Twice the text takes about twice the time.
func BenchmarkHostile(b *testing.B) {
	r := newRedactor(b, Label, DefaultLabels()...)
	for name, unit := range map[string]string{
		"letters": "x", "digits": "0", "spaced digits": "0 ", "apostrophes": "a'", "hyphens": "A-", "words": "ab ", "names": "Ab Cd, ", "at": "a@", "dots": "a.",
	} {
		for _, size := range []int{16 << 10, 32 << 10} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				text := strings.Repeat(unit, size/len(unit))
				var spans []Span
				for i := 0; i < len([]rune(text)); i += 3 {
					spans = append(spans, Span{"NAME", i, i + 2})
				}
				b.SetBytes(int64(size))
				for b.Loop() {
					r.Redact(text, spans)
				}
			})
		}
	}
}

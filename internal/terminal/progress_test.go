package terminal

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rivo/uniseg"
)

// fake is a terminal, or none, in a time that tests set.
type fake struct {
	bytes.Buffer
	width int // 0: no terminal
	time  time.Time
}

func (f *fake) progress(title string, total int64, o Options) *Progress {
	o.Now = func() time.Time { return f.time }
	o.Size = func() (int, bool) { return f.width, f.width > 0 }
	return NewProgress(f, title, total, o)
}

func (f *fake) pass(d time.Duration) { f.time = f.time.Add(d) }

// drawn takes what was written, and splits it into the lines that were drawn.
func (f *fake) drawn(t *testing.T) []string {
	t.Helper()
	text := f.String()
	f.Reset()
	if strings.Contains(text, "\n") {
		t.Errorf("a new line in %q", text)
	}
	var lines []string
	for part := range strings.SplitSeq(text, eraseBelow) {
		if line := strings.Trim(part, "\r"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestALine(t *testing.T) {
	f := &fake{width: 200}
	p := f.progress("Training", 957, Options{})
	p.From(100)
	f.pass(330 * time.Second)
	p.Set(430, 957, "run 1h05m left, loss 0.523")
	lines := f.drawn(t)
	want := "  Training  45% [========            ] 430/957, 8m47s left, run 1h05m left, loss 0.523"
	if len(lines) != 1 || lines[0] != want {
		t.Errorf("drawn %q, want %q", lines, want)
	}
	f.width = 60
	f.pass(drawing)
	p.Set(430, 957, "")
	if lines := f.drawn(t); len(lines) != 1 || lines[0] != "  Training  45% 430/957, 8m47s left, run 1h05m left, loss 0" {
		t.Errorf("on a narrow terminal %q", lines)
	}
	f.width = 200
	p.Set(431, 957, "too soon")
	if lines := f.drawn(t); len(lines) > 0 {
		t.Errorf("drawn at once again: %q", lines)
	}
	f.pass(drawing)
	p.Set(957, 957, "")
	if lines := f.drawn(t); len(lines) != 1 || lines[0] != "  Training 100% [====================] 957/957, too soon" {
		t.Errorf("at the end: %q", lines)
	}
	p.Finish()
	if text := f.String(); text != "\r"+eraseBelow {
		t.Errorf("Finish writes %q", text)
	}
}

// The line fits, whatever is in it and however narrow the terminal becomes.
func TestALineNeverWraps(t *testing.T) {
	texts := []string{
		strings.Repeat("loss 0.523 ner 0.412 ", 20), "電話の記録を読む" + strings.Repeat("漢", 100), "e\u0301" + strings.Repeat("a\u0301", 150),
		strings.Repeat("👩‍👧", 80), "a\tb\nc\rd\x1b[31me\u0085f\u2028g", "\xff\xfe broken", strings.Repeat("שלום ", 60),
	}
	f := &fake{width: 200}
	for _, title := range []string{"Training", "模型/快速入門", "models/" + strings.Repeat("x", 300)} {
		p := f.progress(title, 10, Options{})
		for _, text := range texts {
			for _, width := range []int{200, 80, 79, 40, 17, 5, 2, 1} {
				f.width = width
				f.pass(time.Second)
				p.Set(3, 10, text)
				lines := f.drawn(t)
				if width > 1 && len(lines) != 1 {
					t.Fatalf("drawn %q", lines)
				}
				for _, line := range lines {
					if got := uniseg.StringWidth(line); got >= width {
						t.Errorf("a line of %d columns on a terminal of %d: %q", got, width, line)
					}
					if strings.ContainsAny(line, "\t\r\x1b\u0085\u2028") {
						t.Errorf("a line moves the cursor: %q", line)
					}
				}
			}
		}
		p.Finish()
		f.Reset()
	}
}

func TestLinesWithoutATerminal(t *testing.T) {
	f := &fake{}
	var lines strings.Builder
	p := f.progress("Training", 1000, Options{Lines: &lines})
	for done := range int64(1000) { // 50 minutes
		p.Set(done+1, 1000, fmt.Sprintf("loss %d", done+1))
		f.pass(3 * time.Second)
	}
	p.Clear()
	p.Finish()
	got := strings.Split(strings.TrimSuffix(lines.String(), "\n"), "\n")
	if len(got) != 10 || got[0] != "  Training   2% 21/1000, 46m37s left, loss 21" || got[1] != "  Training  12% 121/1000, 43m35s left, loss 121" {
		t.Errorf("%d lines: %q", len(got), got)
	}
	if f.Len() > 0 {
		t.Errorf("on the stream: %q", f.String())
	}

	lines.Reset()
	p = f.progress("Validating", 10, Options{Lines: &lines}) // is done before the first
	for done := range int64(10) {
		p.Set(done+1, 10, "")
		f.pass(5 * time.Second)
	}
	p.Finish()
	if lines.Len() > 0 {
		t.Errorf("short work has lines: %q", lines.String())
	}
}

func TestUnknownTotals(t *testing.T) {
	f := &fake{width: 80}
	p := f.progress("Calls", -1, Options{})
	p.Set(12, -1, "")
	if lines := f.drawn(t); len(lines) != 1 || lines[0] != "  Calls 12" {
		t.Errorf("drawn %q", lines)
	}
	p.Finish()
	f.Reset()
	p = f.progress("model.safetensors", 0, Options{Bytes: true})
	p.Set(1_000_000, 250_000_000, "")
	if lines := f.drawn(t); len(lines) != 1 || lines[0] != "  model.safetensors   0% [                    ] 1.0 MB/250.0 MB" {
		t.Errorf("drawn %q", lines)
	}
	p.Finish()
	var none *Progress
	none.From(1)
	none.Set(1, 2, "")
	none.Clear()
	none.Finish()
}

func TestRough(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 44600 * time.Millisecond: "45s", 59600 * time.Millisecond: "1m00s", 750 * time.Second: "12m30s",
		time.Hour: "1h00m", 190 * time.Minute: "3h10m", 52 * time.Hour: "2d4h",
	} {
		if got := Rough(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

// drawings hands each one over as it is made.
type drawings chan string

func (d drawings) Write(p []byte) (int, error) {
	d <- string(p)
	return len(p), nil
}

// The line is drawn anew when the terminal changes, though the work stands still.
func TestResize(t *testing.T) {
	var width atomic.Int64
	width.Store(80)
	drawn := make(drawings, 1)
	p := NewProgress(drawn, "Training", 957, Options{Size: func() (int, bool) { return int(width.Load()), true }})
	p.Set(430, 957, "loss 0.523 ner 0.412 cls 0.981 qa 0.333")
	wide := <-drawn
	width.Store(30)
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	narrow := <-drawn
	if got, want := narrow, "\r  Training  45% 430/957, loss"+eraseBelow+"\r"; got != want || len(wide) <= len(narrow) {
		t.Errorf("drawn %q, then %q; want %q", wide, got, want)
	}
	p.Finish()
	if text := <-drawn; text != "\r"+eraseBelow {
		t.Errorf("at the end %q", text)
	}
}

package terminal

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// Progress shows the progress of some work: on a terminal as one line that is redrawn and
// never wider than the terminal; elsewhere as a line from time to time. It is cosmetic;
// errors are ignored. A nil *Progress shows nothing.
type Progress struct {
	title string
	bytes bool
	lines io.Writer // for lines if there is no terminal; nil: none
	now   func() time.Time

	mu          sync.Mutex
	screen      *screen // nil if there is no terminal
	text        string
	done, total int64
	from        int64 // done before this process
	began       time.Time
	due         time.Time // of the next redraw or line
	shown       bool      // the line is on the terminal
	resized     chan os.Signal
}

// Options are a [Progress]'s options.
type Options struct {
	Bytes bool                                // the units are bytes
	Lines io.Writer                           // for lines if there is no terminal; nil: none
	Now   func() time.Time                    // nil: time.Now
	Size  func() (columns int, terminal bool) // nil: the stream's
}

// Lines appear from time to time: the first after a while, so that short work has none.
const (
	firstLine = time.Minute
	nextLine  = 5 * time.Minute
	drawing   = 100 * time.Millisecond
)

// NewProgress shows the progress of total units of work on a stream, if that is a
// terminal. total is 0 or less if unknown.
func NewProgress(stream io.Writer, title string, total int64, o Options) *Progress {
	p := &Progress{title: title, total: total, bytes: o.Bytes, lines: o.Lines, now: o.Now}
	if p.now == nil {
		p.now = time.Now
	}
	size := o.Size
	if size == nil {
		size = func() (int, bool) { return columns(stream) }
	}
	if _, is := size(); is {
		p.screen = &screen{stream, size}
	}
	p.began = p.now()
	p.due = p.began.Add(firstLine)
	if p.screen != nil {
		p.due = p.began
	}
	return p
}

// columns returns a terminal's width, and whether the stream is a terminal on which a line
// can be redrawn.
func columns(stream io.Writer) (int, bool) {
	if !Is(stream) || os.Getenv("TERM") == "dumb" {
		return 0, false
	}
	width, _, err := term.GetSize(int(stream.(*os.File).Fd()))
	if err != nil || width <= 0 { // unknown on some consoles
		width = 80
	}
	return width, true
}

// From sets how much was done before this process started.
func (p *Progress) From(done int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.from = done, done
}

// Set sets how much is done, the total, and an additional text; an empty text keeps the
// last one.
func (p *Progress) Set(done, total int64, text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = done, total
	if text != "" {
		p.text = text
	}
	now := p.now()
	switch {
	case now.Before(p.due):
	case p.screen != nil:
		p.draw()
		p.due = now.Add(drawing)
	case p.lines != nil && (total <= 0 || done < total):
		fmt.Fprintln(p.lines, plain(p.line(false)))
		p.due = now.Add(nextLine)
	}
}

// Clear removes the line to make room for others; the next Set redraws it.
func (p *Progress) Clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) clear() {
	if p.shown {
		p.screen.clear()
		p.shown, p.due = false, time.Time{}
	}
}

// Finish removes the line.
func (p *Progress) Finish() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	if p.resized != nil {
		signal.Stop(p.resized)
		close(p.resized)
		p.resized = nil
	}
}

// draw shows the line, and afterwards redraws it when the terminal's size changes.
func (p *Progress) draw() {
	p.screen.draw(p.versions())
	p.shown = true
	if p.resized != nil {
		return
	}
	p.resized = make(chan os.Signal, 1)
	signal.Notify(p.resized, syscall.SIGWINCH)
	go func(resized <-chan os.Signal) {
		for range resized {
			p.mu.Lock()
			if p.shown {
				p.screen.draw(p.versions())
			}
			p.mu.Unlock()
		}
	}(p.resized)
}

// versions returns the line with the bar and, for narrow terminals, without.
func (p *Progress) versions() (long, short string) { return plain(p.line(true)), plain(p.line(false)) }

// line returns the line, most important parts first, since it is truncated to the
// terminal's width.
func (p *Progress) line(bar bool) string {
	var parts []string
	title := p.title
	if p.total > 0 {
		share := min(float64(p.done)/float64(p.total), 1)
		title += fmt.Sprintf(" %3.0f%%", 100*share)
		if bar {
			const width = 20
			full := int(share * width)
			title += " [" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "]"
		}
		parts = append(parts, p.amount(p.done)+"/"+p.amount(p.total))
		if left := Left(p.now().Sub(p.began), p.done-p.from, p.total-p.done); left > 0 {
			parts = append(parts, Rough(left)+" left")
		}
	} else if p.done > 0 {
		parts = append(parts, p.amount(p.done))
	}
	if p.text != "" {
		parts = append(parts, p.text)
	}
	return "  " + title + " " + strings.Join(parts, ", ")
}

func (p *Progress) amount(n int64) string {
	if p.bytes {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}

// Left estimates the remaining time from the speed so far; 0 if that isn't possible
// yet.
func Left(took time.Duration, done, rest int64) time.Duration {
	if took < time.Second || done <= 0 || rest <= 0 {
		return 0
	}
	return time.Duration(float64(took) / float64(done) * float64(rest))
}

// Rough formats a duration for people: 45s, 12m30s, 3h10m, 2d4h.
func Rough(d time.Duration) string {
	switch seconds := int64(max(d, 0).Round(time.Second) / time.Second); {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm%02ds", seconds/60, seconds%60)
	case seconds < 24*3600:
		return fmt.Sprintf("%dh%02dm", seconds/3600, seconds/60%60)
	default:
		return fmt.Sprintf("%dd%dh", seconds/(24*3600), seconds/3600%24)
	}
}

// screen is the terminal line with the cursor. The cursor is left at the beginning of the
// line, where it stays if a terminal that has become narrower wraps what was drawn.
type screen struct {
	stream io.Writer
	size   func() (columns int, terminal bool)
}

// eraseBelow erases from the cursor to the end of the screen.
const eraseBelow = "\x1b[J"

// draw draws a line or, if it is too long, as much of a shorter one as fits.
func (s *screen) draw(line, short string) {
	width, _ := s.size()
	width-- // some terminals wrap a full line
	if uniseg.StringWidth(line) > width {
		line = cut(short, width)
	}
	fmt.Fprint(s.stream, "\r"+line+eraseBelow+"\r")
}

func (s *screen) clear() { fmt.Fprint(s.stream, "\r"+eraseBelow) }

// cut truncates a line to a number of columns.
func cut(line string, columns int) string {
	rest, state := line, -1
	for used := 0; rest != ""; {
		_, after, width, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if used += width; used > columns {
			return strings.TrimSuffix(line, rest)
		}
		rest, state = after, next
	}
	return line
}

// plain removes characters that would move the cursor.
func plain(line string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(line, "?"))
}

// Package terminal detects terminals and shows progress on them.
package terminal

import (
	"os"

	"golang.org/x/term"
)

// Is reports whether stream, a reader or writer, is a file that is a terminal.
func Is(stream any) bool {
	f, isFile := stream.(*os.File)
	return isFile && term.IsTerminal(int(f.Fd()))
}

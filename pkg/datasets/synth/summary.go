package synth

import "time"

// File is one file that was written.
type File struct {
	Path    string
	Records int
	Bytes   int64
}

// Summary is what WriteAll made.
type Summary struct {
	Files   []File
	Elapsed time.Duration
}

// Package annotations converts labelled calls between annotation tools' files and the
// records that Trident trains on.
//
// Each format is read into [Document]s, whose spans count code points, and written from
// them. [Convert] goes from one file to another: it first reads the whole input, decides
// the unit of its offsets, and lists every record that can't be used and everything that
// the target can't hold; only then does it write. [Read] yields the documents of a file,
// and [Write] writes some. [Formats] lists the formats and what each can carry.
//
// cmd/convert calls it. It uses pkg/datasets, whose records, checks and messages these
// are, and pkg/tasks. Errors name files, records and positions, never a call's text,
// unless [Options.ShowText] asks for it.
package annotations

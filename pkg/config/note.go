package config

// Note is something that the reader of a configuration should be told.
type Note struct {
	Warning bool // something in the file isn't what it seems
	Text    string
}

package config

// Note is a message to the user about a configuration.
type Note struct {
	Warning bool // the file may not do what it seems to
	Text    string
}

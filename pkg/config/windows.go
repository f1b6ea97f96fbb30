package config

import "fmt"

// Windows reports whether longer texts than max_length are read in windows.
func (t Tokenizer) Windows() bool { return t.Long == LongWindows }

// Overlap is the number of tokens that neighbouring windows share.
func (t Tokenizer) Overlap() int {
	if t.Stride < 0 {
		return t.MaxLength / 4
	}
	return t.Stride
}

// PassTokens is the limit of the tokens of a pass, 0 for none: training.batch_tokens or its
// default.
func (c Config) PassTokens() int {
	if c.Training.BatchTokens == 0 && c.Tokenizer.Windows() {
		return c.Training.BatchSize * c.Tokenizer.MaxLength
	}
	return c.Training.BatchTokens
}

// checkWindows checks the settings of windows and of long texts.
func (c Config) checkWindows(check func(ok bool, key, want string, got any)) {
	t := c.Tokenizer
	check(!t.Windows() || c.Task != TaskPretrain, "tokenizer.long", LongTruncate+" with task: pretrain, which cuts long calls into pieces by itself and loses nothing", t.Long)
	check(t.Stride >= -1 && t.Stride <= max(t.MaxLength-3, 0) || t.MaxLength < 3, "tokenizer.stride",
		fmt.Sprintf("0 to %d, as a window of max_length has [CLS], [SEP] and something new, or -1 for a quarter of max_length", t.MaxLength-3), t.Stride)
	check(t.MaxTokens == 0 || t.MaxTokens >= t.MaxLength || !t.Windows() && t.MaxTokens > 0, "tokenizer.max_tokens", "max_length or more, or 0 for no limit", t.MaxTokens)
	check(t.CutAt != CutAtTurns || len(t.SpeakerTokens) > 0, "tokenizer.cut_at", CutAnywhere+" without tokenizer.speaker_tokens, which tell where turns begin", t.CutAt)
	b := c.Training.BatchTokens
	check(b == 0 || b >= t.MaxLength, "training.batch_tokens", fmt.Sprintf("tokenizer.max_length (%d) or more, as a pass reads a whole window, or 0 for the default", t.MaxLength), b)
}

package config

import (
	"strings"
	"testing"
)

func TestOverlapAndPasses(t *testing.T) {
	c := Default(TaskMultitask)
	if c.Tokenizer.Windows() || c.Tokenizer.Overlap() != 128 || c.PassTokens() != 0 {
		t.Errorf("by default windows %v that share %d, passes of %d tokens", c.Tokenizer.Windows(), c.Tokenizer.Overlap(), c.PassTokens())
	}
	c.Tokenizer.Long, c.Tokenizer.Stride = LongWindows, 0
	if !c.Tokenizer.Windows() || c.Tokenizer.Overlap() != 0 || c.PassTokens() != 16*512 {
		t.Errorf("windows %v that share %d, passes of %d tokens", c.Tokenizer.Windows(), c.Tokenizer.Overlap(), c.PassTokens())
	}
	c.Training.BatchTokens = 1024
	if c.PassTokens() != 1024 {
		t.Errorf("passes of %d tokens", c.PassTokens())
	}
}

// Settings of windows have no effect where calls are truncated.
func TestWindowsAreUsed(t *testing.T) {
	for _, key := range []string{"tokenizer.stride", "tokenizer.max_tokens"} { // of 100 tokens
		if _, err := Parse(nil, []string{key + "=100"}); err == nil || !strings.Contains(err.Error(), key+" isn't used with tokenizer.long: truncate") {
			t.Errorf("%s: error %v", key, err)
		}
	}
	if _, err := Parse(nil, []string{"tokenizer.cut_at=turns", "tokenizer.speaker_tokens=[x]"}); err == nil || !strings.Contains(err.Error(), "tokenizer.cut_at isn't used with tokenizer.long: truncate") {
		t.Errorf("cut_at: error %v", err)
	}
	if _, err := Parse(nil, []string{"tokenizer.max_tokens=600", "tokenizer.stride=64", "tokenizer.long=windows"}); err != nil {
		t.Error(err)
	}
}

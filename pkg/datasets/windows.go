package datasets

import (
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Windows says how a call with more tokens than the encoder reads at once is read as a
// whole: as windows that the encoder reads like separate texts, each between [CLS] and
// [SEP]. Neighbours share Overlap tokens; of the two hidden states of a shared token, the
// one with more context on its poorer side counts ([tokenize.Encoding.Windows]).
//
// The zero value means no windows: longer calls are truncated.
type Windows struct {
	Length    int `json:"length"`     // tokens of a window, including [CLS] and [SEP]
	Overlap   int `json:"overlap"`    // tokens that neighbours share
	MaxTokens int `json:"max_tokens"` // of a call, including [CLS] and [SEP]; what comes after is cut off. 0: no limit

	// TurnTokens are the ids of the tokens with which a turn begins: speakers. With them
	// windows are cut between turns where these are short ([tokenize.CutsAtTurns]). nil:
	// windows are cut anywhere.
	TurnTokens []int32 `json:"turn_tokens,omitempty"`
}

// On reports whether calls are read in windows.
func (w Windows) On() bool { return w.Length > 0 }

// Check returns an error for windows that can't be cut.
func (w Windows) Check() error {
	switch {
	case w.Length == 0 && w.Overlap == 0 && w.MaxTokens == 0 && len(w.TurnTokens) == 0:
		return nil
	case w.Length < 3:
		return fmt.Errorf("windows of %d tokens: want 3 or more, [CLS] and [SEP] included", w.Length)
	case w.Overlap < 0 || w.Overlap > w.Length-3:
		return fmt.Errorf("windows of %d tokens that share %d: want 0 to %d", w.Length, w.Overlap, w.Length-3)
	case w.MaxTokens != 0 && w.MaxTokens < w.Length:
		return fmt.Errorf("calls of at most %d tokens, in windows of %d: want a limit of %d or more, or 0 for none", w.MaxTokens, w.Length, w.Length)
	case slices.ContainsFunc(w.TurnTokens, func(id int32) bool { return id < 0 }):
		return fmt.Errorf("windows at turns that begin with token %d: want ids, 0 or more", slices.Min(w.TurnTokens))
	}
	return nil
}

// CutsOf returns the windows of a call with those tokens, of which those after w.MaxTokens
// are already cut off. Without windows it is one of the call's length.
func CutsOf[ID int32 | int64](w Windows, ids []ID) tokenize.Cuts {
	if !w.On() {
		return tokenize.CutsOf(len(ids), len(ids), 0)
	}
	return tokenize.CutsAtTurns(tokenize.TurnStarts(ids, w.TurnTokens), len(ids), w.Length, w.Overlap)
}

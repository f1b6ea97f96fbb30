package run

import (
	"fmt"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// keepHeads continues the heads of the fine-tuned model in backbone.model_name, if
// backbone.heads is keep, and returns a line for each head that describes the outcome.
func (e encoder) keepHeads(m *fusion.Model) ([]string, error) {
	if e.asked.Heads != config.HeadsKeep {
		return nil, nil
	}
	from, _, err := fusion.Load(e.dir, gotch.CPU)
	if err != nil {
		return nil, fmt.Errorf("backbone.heads: keep: %w; without trained heads in backbone.model_name set it to new", err)
	}
	defer from.Drop()
	heads, err := m.KeepHeads(from)
	if err != nil {
		return nil, fmt.Errorf("backbone.heads: keep: %s: %w", e.dir, err)
	}
	kept := 0
	var lines []string
	for _, head := range heads {
		lines = append(lines, describeHead(head))
		kept += len(head.Kept)
	}
	if kept == 0 {
		return nil, fmt.Errorf("backbone.heads: keep: no head of %s can be kept (%s); set it to new", e.dir, strings.Join(lines, "; "))
	}
	return lines, nil
}

// sayKept prints what a new run's heads took from an earlier model.
func (r *Run) sayKept() {
	if len(r.kept) > 0 {
		fmt.Fprintf(r.options.Out, "Heads continued from %s:\n  %s\n", r.config.Backbone.ModelName, strings.Join(r.kept, "\n  "))
	}
}

// describeHead describes what a head took from an earlier model, and which labels are new
// or gone.
func describeHead(h fusion.KeptHead) string {
	name := h.Task + "/" + h.Head
	if h.Task == h.Head {
		name = h.Task
	}
	if h.Why != "" {
		return fmt.Sprintf("%s: new: %s", name, h.Why)
	}
	text := fmt.Sprintf("%s: %d of %d labels kept", name, len(h.Kept), len(h.Kept)+len(h.New))
	if len(h.New) > 0 {
		text += "; new: " + strings.Join(h.New, ", ")
	}
	if len(h.Gone) > 0 {
		text += "; no longer in the data: " + strings.Join(h.Gone, ", ")
	}
	return text
}

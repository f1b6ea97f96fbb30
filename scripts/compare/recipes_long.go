package main

import (
	"fmt"
	"slices"
)

// longRecipes are ways to learn from whole calls and to read them. They start from the
// pretrained encoder, if pretrained, or else from a model trained on short calls, so that what
// they have to learn is where in a long call the evidence stands.
func longRecipes(pretrained bool) []recipe {
	var stages []stage
	base := fineTuned("$encoder")
	mixed := []string{"training.mix_tasks=true", "training.loss_weights=auto"} // as the quickstart
	if !pretrained {
		stages = []stage{{name: "short", labelled: true, settings: mixed}}
		base = []string{"backbone.init=pretrained", "backbone.model_name=$short", "backbone.heads=keep", "training.num_epochs=3", "training.learning_rate=7.5e-4"}
	}
	base = append(append(base, "training.batch_size=8"), mixed...)
	truncate := func(length int) recipe {
		return recipe{
			group: longGroup, name: fmt.Sprintf("truncate-%d", length), title: fmt.Sprintf("calls are cut at %d tokens", length), stages: stages,
			entityTokens: length, settings: append(append([]string{}, base...), "tokenizer.long=truncate", fmt.Sprintf("tokenizer.max_length=%d", length)),
		}
	}
	pooled := func(length int) recipe {
		return recipe{
			group: longGroup, name: fmt.Sprintf("pooled-%d", length), title: fmt.Sprintf("learnt and read in windows of %d tokens, pooled", length), stages: stages,
			settings: append(append([]string{}, base...), "tokenizer.long=windows", fmt.Sprintf("tokenizer.max_length=%d", length), fmt.Sprintf("tokenizer.stride=%d", length/8)),
		}
	}
	mean := truncate(512)
	mean.name, mean.title, mean.scores, mean.overlap = "mean-512", "the same model, read in windows: mean of their logits", mean.name, new(64)
	turns := pooled(512)
	turns.name, turns.title = "pooled-512-turns", turns.title+", cut between turns"
	turns.settings = append(turns.settings, `tokenizer.speaker_tokens=["Counselor:", "Caller:"]`, "tokenizer.cut_at=turns")
	byLabel := func(r recipe) recipe {
		r.name, r.title, r.settings = r.name+"-label-attention", r.title+", with an attention for each label", append(r.settings, labelAttention)
		if !pretrained { // it knows the labels' attentions from short calls, too
			r.stages = []stage{{name: "short_by_label", labelled: true, settings: append(slices.Clone(mixed), labelAttention)}}
			r.settings[slices.Index(r.settings, "backbone.model_name=$short")] = "backbone.model_name=$short_by_label"
		}
		return r
	}
	return []recipe{truncate(512), truncate(256), mean, pooled(512), pooled(256), turns, byLabel(truncate(512)), byLabel(pooled(512))}
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/bench/protocol"
	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// reader is a model for inference.
type reader struct {
	model     *fusion.Model
	tok       *tokenize.Tokenizer
	predictor *fusion.Predictor
}

func newReader(dir string) (*reader, error) {
	m, tok, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		return nil, err
	}
	return &reader{m, tok, fusion.NewPredictor(m, tok)}, nil
}

// predict makes all tasks' predictions for texts, as a user gets them of
// [fusion.Predictor].
func (r *reader) predict(ctx context.Context, precision string, texts []string) error {
	transcripts := make([]datasets.Transcript, len(texts))
	for i, text := range texts {
		transcripts[i] = datasets.Transcript(text)
	}
	_, err := r.predictor.Predict(ctx, transcripts, fusion.PredictOptions{Precision: torchx.Precision(precision)})
	return err
}

// latency reads the texts of that many tokens one after the other.
func (w *worker) latency(ctx context.Context, precision string, tokens int) (protocol.Response, error) {
	texts := w.in.Latency[strconv.Itoa(tokens)]
	r := protocol.Response{Samples: len(texts), Tokens: tokens * len(texts)}
	for i := range texts {
		started := time.Now()
		if err := w.reader.predict(ctx, precision, texts[i:i+1]); err != nil {
			return protocol.Response{}, err
		}
		r.Each = append(r.Each, time.Since(started).Seconds())
		r.Seconds += r.Each[i]
	}
	return r, nil
}

// batch reads all calls at once.
func (w *worker) batch(ctx context.Context, precision string) (protocol.Response, error) {
	started := time.Now()
	if err := w.reader.predict(ctx, precision, w.in.Batch); err != nil {
		return protocol.Response{}, err
	}
	r := protocol.Response{Seconds: time.Since(started).Seconds(), Samples: len(w.in.Batch)}
	for _, text := range w.in.Batch {
		r.Tokens += len(w.reader.encode(text))
	}
	return r, nil
}

// checked is how many of the shortest latency texts [worker.check] reads, and
// checkedTokens their length.
const checked, checkedTokens = 2, 64

// check returns the logits of some texts, all tasks' in a row.
func (w *worker) check() (protocol.Response, error) {
	texts := w.in.Latency[strconv.Itoa(checkedTokens)]
	outputs, err := w.reader.read(texts[:min(checked, len(texts))], protocol.FP32)
	if err != nil {
		return protocol.Response{}, err
	}
	r := protocol.Response{Samples: len(outputs)}
	for _, out := range outputs {
		for _, task := range w.reader.model.Tasks {
			for _, head := range out.logits[task.Name] {
				for _, x := range head {
					r.Values = append(r.Values, float64(x))
				}
			}
		}
	}
	return r, nil
}

// labels returns what the model says of the first calls; count is 0 for all.
func (w *worker) labels(precision string, count int) (protocol.Response, error) {
	texts := w.in.Batch
	if count > 0 {
		texts = texts[:min(count, len(texts))]
	}
	outputs, err := w.reader.read(texts, precision)
	if err != nil {
		return protocol.Response{}, err
	}
	r := protocol.Response{Samples: len(outputs), Labels: map[string][]int{}}
	for _, said := range w.reader.decide(outputs) {
		for task, values := range said {
			r.Labels[task] = append(r.Labels[task], values...)
		}
	}
	return r, nil
}

// output is what the model says of a text.
type output struct {
	ids    []int32
	logits map[string][][]float32 // by task, of each head: [tokens·labels] or [labels]
}

func (r *reader) encode(text string) []int32 {
	return r.tok.Encode(text).Truncate(r.predictor.MaxLength()).IDs
}

// read puts texts through the model in batches of like length, as
// [fusion.Predictor] does.
func (r *reader) read(texts []string, precision string) ([]*output, error) {
	outputs := make([]*output, len(texts))
	for i, text := range texts {
		outputs[i] = &output{r.encode(text), map[string][][]float32{}}
	}
	sorted := slices.Clone(outputs)
	slices.SortStableFunc(sorted, func(a, b *output) int { return cmp.Compare(len(b.ids), len(a.ids)) })
	for len(sorted) > 0 {
		n := min(len(sorted), fusion.DefaultBatchSize, max(1, fusion.DefaultBatchTokens/len(sorted[0].ids)))
		if err := r.readBatch(sorted[:n], precision); err != nil {
			return nil, fmt.Errorf("read a batch of %d texts: %w", n, err)
		}
		sorted = sorted[n:]
	}
	return outputs, nil
}

func (r *reader) readBatch(outputs []*output, precision string) error {
	examples := make([]datasets.Example, len(outputs))
	for i, out := range outputs {
		examples[i].IDs = out.ids
	}
	b := datasets.Collator{PadID: int64(r.tok.PadID())}.Collate(nil, examples)
	all, err := r.model.Outputs(b, r.model.Tasks, fusion.OutputOptions{Precision: torchx.Precision(precision)})
	if err != nil {
		return err
	}
	for _, said := range all {
		name := said.Task.Name
		for h, rows := range said.Logits {
			for i, out := range outputs {
				read := said.Task.Kind.Layout().Outputs(len(said.Task.Heads[h].Labels), len(out.ids)) // without padding
				out.logits[name] = append(out.logits[name], rows[i][:read])
			}
		}
	}
	return nil
}

// decide returns each text's labels by task: a class for each token between
// [CLS] and [SEP], a class for each head, or 0 or 1 for each flag.
func (r *reader) decide(outputs []*output) []map[string][]int {
	all := make([]map[string][]int, len(outputs))
	for i, out := range outputs {
		all[i] = map[string][]int{}
		for _, task := range r.model.Tasks {
			var said []int
			for h, head := range task.Heads {
				said = append(said, decideHead(task.Kind, out.logits[task.Name][h], len(head.Labels))...)
			}
			all[i][task.Name] = said
		}
	}
	return all
}

func decideHead(kind tasks.Kind, logits []float32, labels int) []int {
	var said []int
	switch kind {
	case tasks.Token:
		for row := range slices.Chunk(logits[labels:len(logits)-labels], labels) {
			said = append(said, numbers.Argmax(row))
		}
	case tasks.MultiClass:
		said = append(said, numbers.Argmax(logits))
	case tasks.MultiLabel:
		for _, x := range logits {
			flag := 0
			if x > 0 { // a probability over 0.5
				flag = 1
			}
			said = append(said, flag)
		}
	}
	return said
}

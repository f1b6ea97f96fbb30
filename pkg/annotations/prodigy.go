package annotations

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// prodigy is Prodigy's JSON Lines, as db-out writes and db-in reads them.
func prodigy() Format {
	return Format{
		Name: "prodigy", About: "Prodigy, JSON Lines", Reads: true, Writes: true, Output: UnitCodePoint,
		Can: Carries{IDs: true, Spans: true, Overlaps: true, Classes: true, Flags: true, Unsaid: true, Meta: true, Unlabelled: true},
		code: codec{
			offsets: true,
			read: func(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
				return in.records(ctx, textFields[0], false, func(raw []byte, _ bool, d *draft) error { return readProdigy(s, raw, d) })
			},
			create: func(w io.Writer, s *schema, _ fields) (writer, error) {
				return &jsonWriter{w: w, encode: func(d Document) ([]byte, error) { return prodigyOf(s, d) }}, nil
			},
			loses: func(s *schema, d Document) ([]string, error) {
				_, err := inUnit(s, UnitCodePoint, d)
				return s.losesUnknown(d), err
			},
		},
		reserved: append([]string{notJudged}, prodigyFields...), id: "id",
	}
}

// prodigyFields are Prodigy's own fields, besides those that begin with _.
var prodigyFields = []string{
	"text", "tokens", "spans", "answer", "accept", "label", "options", "relations", "meta", "config", "html", "priority", "score", "version",
}

// prodigySpan is a span; its token_end is the last token, not the one behind it.
type prodigySpan struct {
	Start *int   `json:"start"`
	End   *int   `json:"end"`
	From  *int   `json:"token_start"`
	To    *int   `json:"token_end"`
	Label string `json:"label"`
	Text  string `json:"text"`
}

func readProdigy(s *schema, raw []byte, d *draft) error {
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	if d.Text, err = o.takeText(s.Text); err != nil {
		return err
	}
	var answer, label string
	var spans []prodigySpan
	var tokens []struct{ Start, End int }
	var accept, relations []json.RawMessage
	var meta object
	there := map[string]bool{}
	for _, field := range []struct {
		name, want string
		v          any
	}{
		{"answer", "a string", &answer}, {"label", "a string", &label}, {"spans", "a list of spans", &spans}, {"tokens", "a list of tokens", &tokens},
		{"accept", "a list of labels", &accept}, {"relations", "a list of relations", &relations}, {"meta", "an object", &meta},
	} {
		if there[field.name], err = o.take(field.name, field.v, field.want); err != nil {
			return err
		}
	}
	if len(relations) > 0 {
		d.lost = append(d.lost, "relations")
	}
	for name, value := range o {
		if !strings.HasPrefix(name, "_") && !slices.Contains(prodigyFields, name) {
			d.setMeta(name, value)
		}
	}
	d.ID = meta.takeID("id")
	meta.rest(d)
	switch answer {
	case "accept":
	case "reject":
		d.State = Rejected
		return nil
	case "ignore":
		d.State = Skipped
		return nil
	case "":
		if !there["spans"] && !there["accept"] && !there["label"] {
			d.State = Unlabelled
			return nil
		}
	default:
		return bad(datasets.KindType, `field "answer" is none of accept, reject and ignore`)
	}
	if there["spans"] {
		d.Spans = []Span{}
	}
	for i, p := range spans {
		e := Span{Label: p.Label}
		if e.Start, e.End, err = p.place(tokens); err != nil {
			return bad(datasets.KindOf(err), "span %d: %w", i+1, err)
		}
		d.Spans, d.surfaces = append(d.Spans, e), append(d.surfaces, p.Text)
	}
	chosen := []string{}
	for _, item := range accept {
		id, ok := scalar(item)
		if !ok {
			return bad(datasets.KindType, `field "accept" isn't a list of labels`)
		}
		chosen = append(chosen, id)
	}
	if label != "" && !there["accept"] {
		chosen = append(chosen, label)
	}
	if err := s.unnamed(d, chosen); err != nil {
		return err
	}
	s.finish(d)
	return nil
}

// place returns a span's start and end, from its tokens if it has no offsets. If it has
// both, they must agree.
func (p prodigySpan) place(tokens []struct{ Start, End int }) (start, end int, err error) {
	byToken := p.From != nil && p.To != nil && len(tokens) > 0
	if byToken && (*p.From < 0 || *p.To < *p.From || *p.To >= len(tokens)) {
		return 0, 0, bad(datasets.KindRange, "its tokens %d to %d aren't among the %d of the text", *p.From, *p.To, len(tokens))
	}
	switch {
	case p.Start != nil && p.End != nil:
		if byToken && (tokens[*p.From].Start != *p.Start || tokens[*p.To].End != *p.End) {
			return 0, 0, bad(datasets.KindRange, "its offsets [%d, %d) aren't those of its tokens %d to %d, the last included", *p.Start, *p.End, *p.From, *p.To)
		}
		return *p.Start, *p.End, nil
	case byToken:
		return tokens[*p.From].Start, tokens[*p.To].End, nil
	}
	return 0, 0, bad(datasets.KindEmpty, "it has neither start and end nor tokens")
}

func prodigyOf(s *schema, d Document) ([]byte, error) {
	meta := fieldsOf(d, "id")
	s.withNotJudged(meta, d)
	o := object{"text": encode(string(d.Text))}
	if len(meta) > 0 {
		o["meta"] = encodeFields(meta, "id")
	}
	if d.State == Labelled {
		spans, err := inUnit(s, UnitCodePoint, d)
		if err != nil {
			return nil, err
		}
		if d.Spans != nil {
			list := []json.RawMessage{}
			for _, e := range spans {
				list = append(list, encode(e))
			}
			o["spans"] = encode(list)
		}
		if d.Classes != nil || d.Flags != nil {
			chosen := s.chosen(d)
			if chosen == nil {
				chosen = []string{}
			}
			o["accept"] = encode(chosen)
		}
		o["answer"] = encode("accept")
	}
	return encodeFields(o, "text", "spans", "accept", "answer"), nil
}

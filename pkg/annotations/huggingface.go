package annotations

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// huggingFace is JSON Lines with words and tags, as Hugging Face's token classification
// data sets: {"tokens": […], "ner_tags": […]}. If a record also has its text, spans are
// places in that; otherwise the text is the words with blanks between.
func huggingFace() Format {
	return Format{
		Name: "huggingface", About: "Hugging Face tokens and ner_tags, JSON Lines", Reads: true, Writes: true,
		Can: Carries{IDs: true, Spans: true, Meta: true},
		code: codec{
			read: func(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
				return in.records(ctx, textFields[0], false, func(raw []byte, _ bool, d *draft) error { return readTokens(s, raw, d) })
			},
			create: func(w io.Writer, s *schema, _ fields) (writer, error) {
				return &jsonWriter{w: w, encode: func(d Document) ([]byte, error) { return tokensOf(s, d), nil }}, nil
			},
			loses: func(_ *schema, d Document) ([]string, error) {
				return losesBlanks([]rune(string(d.Text)), d.Spans)
			},
		},
		reserved: []string{"text", "tokens", "ner_tags"}, id: "id",
	}
}

func readTokens(s *schema, raw []byte, d *draft) error {
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	var tokens []string
	var values []json.RawMessage
	if there, err := o.take("tokens", &tokens, "a list of words"); err != nil || !there {
		return orEmpty(err, `no field "tokens"`)
	}
	field := "ner_tags"
	for _, name := range []string{"ner_tags", "tags", "labels"} {
		if o.has(name) {
			field = name
			break
		}
	}
	labelled, err := o.take(field, &values, "a list of tags")
	switch {
	case err != nil:
		return err
	case !labelled:
		d.State = Unlabelled
	case len(values) != len(tokens):
		return bad(datasets.KindType, "%d tokens, but %d tags", len(tokens), len(values))
	}
	var tags []string
	for i, value := range values {
		tag, err := s.tagName(value)
		if err != nil {
			return bad(kindOf(err), "tag %d: %w", i+1, err)
		}
		tags = append(tags, tag)
	}
	var words []word
	if raw := o["text"]; len(raw) > 0 && raw[0] == '"' {
		if d.Text, err = o.takeText("text"); err != nil {
			return err
		}
		if words, err = findWords(string(d.Text), tokens); err != nil {
			return err
		}
	} else {
		d.Text = datasets.Transcript(strings.Join(tokens, " "))
		at := 0
		for _, token := range tokens {
			end := at + utf8.RuneCountInString(token)
			words, at = append(words, word{at, end}), end+1
		}
	}
	if labelled {
		spans, err := entitiesOf(words, tags)
		if err != nil {
			return err
		}
		d.Spans = append([]Span{}, spans...)
	}
	d.ID = o.takeID("id")
	o.rest(d)
	return nil
}

func orEmpty(err error, message string) error {
	if err != nil {
		return err
	}
	return bad(datasets.KindEmpty, "%s", message)
}

// tagName returns a tag, or the name of its number.
func (s *schema) tagName(value json.RawMessage) (string, error) {
	var name string
	if json.Unmarshal(value, &name) == nil && value[0] == '"' {
		return name, nil
	}
	n, err := strconv.Atoi(string(value))
	switch {
	case err != nil:
		return "", bad(datasets.KindType, "it is neither a tag nor its number")
	case len(s.TagNames) == 0:
		return "", bad(datasets.KindLabel, "it is a number; give the names with --tag-names, such as O,B-NAME,I-NAME, as dataset_info.json has them")
	case n < 0 || n >= len(s.TagNames):
		return "", bad(datasets.KindLabel, "number %d, but --tag-names has %d names", n, len(s.TagNames))
	}
	return s.TagNames[n], nil
}

// findWords returns the places of words that follow each other in a text.
func findWords(text string, tokens []string) ([]word, error) {
	var words []word
	at, rest := 0, text
	for i, token := range tokens {
		skip := strings.Index(rest, token)
		if skip < 0 || strings.TrimSpace(rest[:skip]) != "" {
			return nil, bad(datasets.KindRange, "token %d isn't the next one of the text", i+1)
		}
		start := at + utf8.RuneCountInString(rest[:skip])
		at = start + utf8.RuneCountInString(token)
		words = append(words, word{start, at})
		rest = rest[skip+len(token):]
	}
	return words, nil
}

func tokensOf(s *schema, d Document) []byte {
	o := fieldsOf(d, "id")
	text := []rune(string(d.Text))
	words := wordsOf(text, d.Spans)
	tokens := []string{}
	for _, w := range words {
		tokens = append(tokens, string(text[w.start:w.end]))
	}
	o["text"], o["tokens"], o["ner_tags"] = encode(string(d.Text)), encode(tokens), encode(tagsOf(words, d.Spans, s.Tags))
	return encodeFields(o, "id", "text", "tokens", "ner_tags")
}

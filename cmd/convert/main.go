// Command convert converts labelled calls between annotation tools' files and Trident's
// records.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/annotations"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/tasks"
)

const help = `Convert labelled calls between annotation tools' files and the records that train and eval read.

Formats: infer (answers of infer, with --texts; only read), reviews (a folder of serve --reviews; only read), ner, cases and qa (Trident's records), labelstudio, doccano, prodigy, conll, huggingface, brat (a folder), docbin
(.spacy; only read), csv, and the names of own tasks with --config. The whole input is checked before anything is written:
records that can't be used are listed, offsets are compared with the texts, and what the output can't hold is refused.

Examples:
  convert --from labelstudio --input export.json --to ner --output ner.jsonl
  convert --from ner --input ner.jsonl --to labelstudio --output tasks.json               to be corrected by people
  convert --from infer --input answers.jsonl --texts calls.jsonl --to labelstudio --output tasks.json    a model's proposals
  convert --from doccano --input all.jsonl --to cases --output cases.json --head category
  convert --from conll --input train.conll --to ner --output ner.jsonl --map PER=NAME --map LOC=LOCATION --map ORG=
  convert --from labelstudio --input export.json --to mood --config tasks.yaml --output mood.jsonl
  convert --from reviews --input reviews/ --to ner --lossy --output ner.jsonl              what people made of a model's labels
  convert --from reviews --input reviews/ --agreement
  convert --from brat --input calls/ --to ner --check                                      what would be refused or lost`

type command struct {
	From   string `required:"" placeholder:"FORMAT" help:"Format of the input."`
	To     string `placeholder:"FORMAT" help:"Format of the output; wanted without --agreement."`
	Input  string `path:"" required:"" placeholder:"FILE" help:"File to read, compressed or not; a folder for brat and reviews. - is standard input. A pipe is held in memory."`
	Output string `path:"" placeholder:"FILE" help:"Write to FILE, whole or not at all; a folder for brat. Without it, and with -, to standard output."`
	Force  bool   `help:"Replace what is at --output; of a folder of brat's, all .txt and .ann files."`
	Config string `path:"" placeholder:"FILE" help:"Configuration of train whose own tasks are formats, too, and whose heads are known."`

	OffsetUnit       string            `group:"Reading" default:"auto" placeholder:"UNIT" help:"What the input's offsets count: codepoint, utf16, byte, grapheme, or codepoint-lf or utf16-lf (of a text whose \\r\\n are \\n); auto compares them with the texts, and refuses what may be several (${default})."`
	TextField        string            `group:"Reading" placeholder:"NAME" help:"Field of the text; text or narrative, if not given."`
	Head             string            `group:"Reading" placeholder:"NAME" help:"Head of labels that don't name theirs, as doccano's: category, or one of an own task."`
	Map              map[string]string `group:"Reading" mapsep:"none" placeholder:"OLD=NEW" help:"Rename a label; OLD= drops it. May be given several times."`
	Overlaps         string            `group:"Reading" enum:"refuse,longest,first" default:"refuse" help:"Of overlapping entities: refuse the record, or keep the longest or the first (${default}). Only if the output can't have them."`
	Texts            string            `path:"" group:"Reading" placeholder:"FILE" help:"With --from infer: the calls that were its input; with --from reviews: the calls that were reviewed. In JSON or CSV."`
	TagNames         []string          `group:"Reading" placeholder:"TAG" help:"Names of ner_tags that are numbers, from 0: O,B-NAME,I-NAME."`
	Predictions      bool              `group:"Reading" help:"Label Studio: of a task that nobody has annotated, take the predictions."`
	SkipBadRecords   bool              `group:"Reading" help:"Leave out records that can't be used, and count them."`
	ShowText         bool              `group:"Reading" help:"Show the words of entities in messages. They are about children: not for logs."`
	OutputOffsetUnit string            `group:"Writing" placeholder:"UNIT" help:"What the output's offsets count; what the tool expects, if not given: utf16 for doccano, codepoint for the others."`
	TagScheme        string            `group:"Writing" enum:"iob2,iob1,bilou" default:"iob2" help:"Tags of conll and huggingface: iob2, iob1 or bilou (${default})."`
	As               string            `group:"Writing" enum:"predictions,annotations" default:"predictions" help:"Label Studio: write labels as predictions, which people see as proposals, or as annotations (${default})."`
	KeepUnlabelled   bool              `group:"Writing" help:"Write calls without labels, too, for people to label."`
	Lossy            bool              `group:"Writing" help:"Convert although the output can't hold everything; what is lost is counted."`
	Agreement        bool              `group:"Reviews" help:"With --from reviews: convert nothing, and print how often the model and people, and two people, say the same."`
	Check            bool              `group:"Writing" help:"Check the input and say what would be written, without writing."`
}

func main() { os.Exit(run(os.Args[1:], cli.Standard())) }

func run(args []string, streams cli.Streams) int {
	return cli.Main("convert", help, &command{}, args, streams)
}

// Run converts.
func (c *command) Run(ctx context.Context, streams cli.Streams) error {
	if c.Output == "-" {
		c.Output = ""
	}
	if c.Agreement {
		return c.agreement(streams)
	}
	if c.To == "" {
		return cli.Usagef("missing flags: --to=FORMAT, the format of the output")
	}
	own, err := c.ownTasks()
	if err != nil {
		return err
	}
	from, err := annotations.Find(c.From, own)
	if err != nil {
		return cli.Usagef("--from: %w", err)
	}
	to, err := annotations.Find(c.To, own)
	if err != nil {
		return cli.Usagef("--to: %w", err)
	}
	if err := c.refuse(); err != nil {
		return err
	}
	in, err := c.input(streams.In)
	if err != nil {
		return err
	}
	bar := terminal.NewProgress(streams.Err, "Reading", 0, terminal.Options{Bytes: true, Lines: streams.Err})
	o, err := c.options(own)
	if err != nil {
		return err
	}
	o.Progress = func(done, total int64) { bar.Set(done, total, "") }
	summary, err := annotations.Convert(ctx, in, from, annotations.Output{Path: c.Output, W: streams.Out}, to, o)
	bar.Finish()
	for _, warning := range summary.Warnings {
		fmt.Fprintln(streams.Err, "convert: warning: "+warning)
	}
	switch {
	case errors.Is(err, annotations.ErrOptions):
		return cli.Usagef("%w", err)
	case err != nil:
		return err
	}
	c.say(streams, summary)
	return nil
}

// ownTasks are the configuration's.
func (c *command) ownTasks() ([]tasks.Task, error) {
	if c.Config == "" {
		return nil, nil
	}
	loaded, _, err := config.Load(c.Config, nil)
	if err != nil {
		return nil, err
	}
	return loaded.CustomTasks()
}

// refuse returns an error if something is at the output's place.
func (c *command) refuse() error {
	info, err := os.Stat(c.Output)
	if c.Output == "" || err != nil || c.Force || c.Check || !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	return fmt.Errorf("already there: %s; give --force to replace it, or another --output", c.Output)
}

func (c *command) input(stdin io.Reader) (annotations.Input, error) {
	if c.Input == "-" {
		return annotations.Pipe("standard input", func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }), nil
	}
	return annotations.File(c.Input)
}

func (c *command) options(own []tasks.Task) (annotations.Options, error) {
	o := annotations.Options{
		Tasks:      own,
		Unit:       annotations.Unit(c.OffsetUnit),
		OutputUnit: annotations.Unit(c.OutputOffsetUnit),

		Overlaps: annotations.Overlaps(c.Overlaps),
		Labels:   c.Map,
		Head:     c.Head,
		Text:     c.TextField,

		TagNames: c.TagNames,
		Tags:     annotations.TagScheme(c.TagScheme),

		Annotations: c.As == "annotations",
		Predictions: c.Predictions,

		KeepUnlabelled: c.KeepUnlabelled,
		Lossy:          c.Lossy,
		SkipBad:        c.SkipBadRecords,
		ShowText:       c.ShowText,
		CheckOnly:      c.Check,
	}
	if c.Texts == "" {
		return o, nil
	}
	texts, err := annotations.File(c.Texts)
	o.Texts = &texts
	return o, err
}

// say prints what was done.
func (c *command) say(streams cli.Streams, s annotations.Summary) {
	done := "written"
	if c.Check {
		done = "can be written"
	}
	lines := []string{fmt.Sprintf("%d of %d records %s", s.Written, s.Records, done)}
	if s.Unit != "" {
		lines[0] += fmt.Sprintf("; offsets count %s", s.Unit)
	}
	for _, part := range []struct {
		what   string
		counts map[string]int
	}{{"left out", s.LeftOut}, {"decided", s.Notes}, {"lost", s.Lost}} {
		if len(part.counts) > 0 {
			lines = append(lines, part.what+": "+annotations.Counts(part.counts))
		}
	}
	if s.Bad.Total() > 0 {
		lines = append(lines, fmt.Sprintf("skipped: %d records that can't be used (%s); the first: %s", s.Bad.Total(), s.Bad.ByKind(), s.Bad.First[0]))
	}
	fmt.Fprintln(streams.Err, "convert: "+strings.Join(slices.Clip(lines), "\nconvert: "))
}

package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/annotations"
	"github.com/trident-nlp/trident/pkg/reviews"
)

// agreement prints how often the model and people, and two people, say the same.
func (c *command) agreement(streams cli.Streams) error {
	if c.From != "reviews" {
		return cli.Usagef("--agreement is about reviews; give --from reviews")
	}
	if c.To != "" || c.Output != "" || c.Check {
		return cli.Usagef("--agreement prints agreement and converts nothing; leave out --to, --output and --check")
	}
	in, err := c.input(streams.In)
	if err != nil {
		return err
	}
	if c.Input == "-" {
		if in, err = annotations.Stream(in.Name, streams.In); err != nil {
			return err
		}
	}
	loaded, err := annotations.LoadReviews(in)
	if err != nil {
		return err
	}
	if loaded.Torn {
		fmt.Fprintln(streams.Err, "convert: warning: the last review isn't finished, and isn't counted")
	}
	all := append([]reviews.Agreement{reviews.ModelAgreement(loaded.Reviews)}, reviews.ReviewerAgreement(loaded.Reviews)...)
	for i, a := range all {
		if i > 0 {
			fmt.Fprintln(streams.Out)
		}
		if err := printAgreement(streams.Out, a); err != nil {
			return err
		}
	}
	return nil
}

func printAgreement(out io.Writer, a reviews.Agreement) error {
	fmt.Fprintf(out, "%s and %s: %s\n", nameOf(a.First), nameOf(a.Second), numbers.Of(a.Calls, "call"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(a.Plain) > 0 {
		fmt.Fprintln(w, "\nlabel\tcalls\tthe same\tkappa\t"+nameOf(a.First)+"\t"+nameOf(a.Second)+"\tboth")
	}
	for _, p := range a.Plain {
		fmt.Fprintf(w, "%s\t%d\t%.1f %%\t%s\t\t\t\n", plain(p.Item.String()), p.N, 100*float64(p.Same)/float64(p.N), decimals(p.Kappa))
		for _, l := range p.Labels {
			fmt.Fprintf(w, "  %s\t\t\t\t%d\t%d\t%d\n", plain(l.Label), l.First, l.Second, l.Both)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(a.Entities) > 0 {
		fmt.Fprintln(w, "\nentities\t"+nameOf(a.First)+"\t"+nameOf(a.Second)+"\tboth\tprecision\trecall\tF1")
	}
	for _, e := range a.Entities {
		fmt.Fprintf(w, "%s/%s\t%d\t%d\t%d\t%.3f\t%.3f\t%.3f\n", plain(e.Item.String()), plain(e.Label), e.First, e.Second, e.Both, e.Precision(), e.Recall(), e.F1())
	}
	return w.Flush()
}

func nameOf(who string) string {
	if who == "" {
		return "(no key)"
	}
	return plain(who)
}

// plain keeps control characters, which a file that others wrote may have, from the terminal.
func plain(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return name
	}
	return strconv.Quote(name)
}

func decimals(kappa float64) string {
	if math.IsNaN(kappa) {
		return "–"
	}
	return fmt.Sprintf("%.3f", kappa)
}

// Command load measures a running server (cmd/serve): how many calls a second
// it answers, how long one waits, and what it does when far too many ask. It is
// bounded in time and in the number of requests. Beside a server on this
// machine it measures what the same model does offline, in turns.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

const help = `Measure a running server.

Example:
  serve --model DIR --precision int8 &
  load --model DIR --precision int8 --seconds 20`

// flags are the command line.
type flags struct {
	URL   string `name:"url" default:"http://127.0.0.1:8080" placeholder:"URL" help:"The server (${default})."`
	Key   string `placeholder:"KEY" help:"A key of the server."`
	Calls int    `default:"60" placeholder:"N" help:"Made-up calls that are sent over and over (${default})."`

	Model     string `placeholder:"DIR" help:"The server's model: measure it offline as well."`
	Precision string `enum:"fp32,bf16,int8,auto" default:"fp32" help:"The server's precision (${default})."`
	Threads   int    `default:"0" placeholder:"N" help:"CPU threads offline; 0: one for each core."`

	Rounds      int     `default:"3" placeholder:"N" help:"How often offline and saturation take turns (${default})."`
	Seconds     float64 `default:"15" placeholder:"S" help:"Of each measurement (${default})."`
	Requests    int     `default:"20000" placeholder:"N" help:"Requests of each measurement, at most (${default})."`
	Workers     int     `default:"48" placeholder:"N" help:"Connections that saturate the server (${default})."`
	Connections int     `default:"1000" placeholder:"N" help:"Connections that flood it (${default})."`
}

func main() {
	os.Exit(cli.Main("load", help, &flags{}, os.Args[1:], cli.Standard()))
}

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, streams cli.Streams) error {
	for name, n := range map[string]int{"calls": f.Calls, "rounds": f.Rounds, "requests": f.Requests, "workers": f.Workers, "connections": f.Connections} {
		if n < 1 {
			return cli.Usagef("--%s is %d; want 1 or more", name, n)
		}
	}
	if !(f.Seconds > 0) {
		return cli.Usagef("--seconds is %g; want more than 0", f.Seconds)
	}
	texts := madeUp(f.Calls)
	var offline *offline
	if f.Model != "" {
		var err error
		if offline, err = openOffline(f.Model, f.Precision, f.Threads, texts); err != nil {
			return err
		}
		defer offline.close()
	}
	g, err := newGenerator(f, texts)
	if err != nil {
		return err
	}
	result, err := f.measure(ctx, g, offline)
	if err != nil {
		return err
	}
	return result.write(streams.Out)
}

// madeUp are the narratives of datagen.
func madeUp(n int) []string {
	var texts []string
	for r := range synth.Cases(synth.Defaults()) {
		if texts = append(texts, string(r.Narrative)); len(texts) == n {
			break
		}
	}
	return texts
}

// result is what was measured.
type result struct {
	Offline    float64   `json:"offline_calls_per_s,omitzero"`   // median of the rounds
	Saturation float64   `json:"saturation_calls_per_s"`         // median of the rounds
	Share      float64   `json:"saturation_of_offline,omitzero"` // median of the rounds' ratios
	Shares     []float64 `json:"saturation_of_offline_by_round,omitzero"`
	Lone       latency   `json:"lone_call"`
	Half       latency   `json:"half_load"` // random arrivals at half the saturation's rate
	P99Ratio   float64   `json:"half_load_p99_of_lone_p50"`
	Even       latency   `json:"half_load_even"` // arrivals evenly spaced
	Flood      flood     `json:"flood"`
	MemoryMB   []float64 `json:"resident_mb"` // warm; after lone, saturation, half load, and each third of the flood
}

type latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
}

type flood struct {
	Connections int            `json:"connections"`
	Statuses    map[string]int `json:"answers_by_status"` // "error" for none
}

// measure does one measurement after the other.
func (f *flags) measure(ctx context.Context, g *generator, offline *offline) (r result, err error) {
	span := time.Duration(f.Seconds * float64(time.Second))
	memory := func() {
		if err == nil {
			var mb float64
			mb, err = g.resident(ctx)
			r.MemoryMB = append(r.MemoryMB, mb)
		}
	}
	if _, err := g.closed(ctx, f.Workers, span/4); err != nil { // warm up
		return r, err
	}
	memory()
	lone, err := g.closed(ctx, 1, span)
	if err != nil {
		return r, err
	}
	r.Lone = lone.latency()
	memory()
	var saturation, alone []float64
	for range f.Rounds {
		if offline != nil {
			rate, err := offline.rate(ctx, span)
			if err != nil {
				return r, err
			}
			alone = append(alone, rate)
		}
		full, err := g.closed(ctx, f.Workers, span)
		if err != nil {
			return r, err
		}
		saturation = append(saturation, full.rate())
		if offline != nil {
			r.Shares = append(r.Shares, full.rate()/alone[len(alone)-1])
		}
	}
	r.Saturation, r.Offline, r.Share = median(saturation), median(alone), median(r.Shares)
	memory()
	half, err := g.open(ctx, r.Saturation/2, span, true)
	if err != nil {
		return r, err
	}
	even, err := g.open(ctx, r.Saturation/2, span, false)
	if err != nil {
		return r, err
	}
	r.Half, r.Even = half.latency(), even.latency()
	r.P99Ratio = r.Half.P99 / r.Lone.P50
	memory()
	r.Flood = flood{Connections: f.Connections, Statuses: map[string]int{}}
	for range 3 {
		for status, n := range g.flood(ctx, f.Connections, span/3) {
			r.Flood.Statuses[status] += n
		}
		memory()
	}
	return r, err
}

func (r result) write(w io.Writer) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", data)
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

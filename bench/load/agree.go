package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/trident-nlp/trident/pkg/client"
)

// agreement is how many of a server's labels differ from the first server's.
type agreement struct {
	Server string `json:"server"`
	Labels int    `json:"labels"`
	Differ int    `json:"differ"`
}

// agree asks all servers for the same calls. Times of servers that say
// different things can't be compared.
func (m *measuring) agree(ctx context.Context, servers []*server) ([]agreement, error) {
	var first []string
	var list []agreement
	for i, s := range servers {
		labels, err := s.labels(ctx, min(m.Agree, m.Calls))
		if err != nil {
			return nil, fmt.Errorf("compare the labels of server %s: %w%s", s.name, err, m.seeLog(s.name))
		}
		if i == 0 {
			first = labels
		}
		if len(labels) != len(first) {
			return nil, fmt.Errorf("server %s gives %d labels, %s %d: do they have the same model?", s.name, len(labels), servers[0].name, len(first))
		}
		a := agreement{Server: s.name, Labels: len(labels)}
		for i := range labels {
			if labels[i] != first[i] {
				a.Differ++
			}
		}
		if float64(a.Differ) > m.Differ*float64(a.Labels) {
			return nil, fmt.Errorf("server %s gives other labels than %s: %d of %d; do they have the same model?", s.name, servers[0].name, a.Differ, a.Labels)
		}
		list = append(list, a)
	}
	return list, nil
}

// labels are all that a server says of the first n calls.
func (s *server) labels(ctx context.Context, n int) ([]string, error) {
	var labels []string
	for i := range n {
		status, data, err := s.ask(ctx, int64(i))
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("it answered %d", status)
		}
		var answer client.Response
		if json.Unmarshal(data, &answer) != nil || len(answer.Predictions) != 1 { // the error could hold text
			return nil, errors.New("its answer isn't one prediction")
		}
		labels = append(labels, labelsOf(answer.Predictions[0])...)
	}
	return labels, nil
}

func labelsOf(p client.Prediction) []string {
	var labels []string
	for _, token := range p.NER {
		labels = append(labels, fmt.Sprint(token.Start, token.End, token.Label))
	}
	var fields []string
	for head, label := range p.Classification {
		fields = append(fields, head+" "+label)
	}
	for head, flags := range p.QA {
		for i, flag := range flags {
			fields = append(fields, fmt.Sprint(head, i, flag))
		}
	}
	slices.Sort(fields)
	return append(labels, fields...)
}

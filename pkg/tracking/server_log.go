package tracking

import (
	"context"
	"fmt"
	"net/url"
	"slices"
)

// Limits of one call of runs/log-batch.
const (
	maxBatchMetrics = 1000
	maxBatchParams  = 100
	maxBatchTags    = 100
	maxBatchItems   = 1000
)

type metricValue struct {
	Key   string  `json:"key"`
	Value float64 `json:"value"`
	Time  int64   `json:"timestamp"`
	Step  int64   `json:"step"`
}

type batch struct {
	Run     string        `json:"run_id"`
	Params  []keyValue    `json:"params,omitempty"`
	Tags    []keyValue    `json:"tags,omitempty"`
	Metrics []metricValue `json:"metrics,omitempty"`
}

func (s *serverStore) logBatch(ctx context.Context, items []item, attempt int, refused func(item, error)) error {
	if attempt > 0 {
		var err error
		if items, err = s.withoutRecorded(ctx, items); err != nil {
			return err
		}
	}
	for part := range batches(items) {
		err := s.sendBatch(ctx, part)
		if !isRefused(err) {
			if err != nil {
				return err
			}
			continue
		}
		if err := s.checkActive(ctx); err != nil {
			return err
		}
		if err := s.split(ctx, part, err, refused); err != nil {
			return err
		}
	}
	return nil
}

// split sends the halves of a batch that was refused with cause, recursively, to
// isolate the items at fault.
func (s *serverStore) split(ctx context.Context, items []item, cause error, refused func(item, error)) error {
	if len(items) == 1 {
		refused(items[0], cause)
		return nil
	}
	middle := len(items) / 2
	for _, half := range [][]item{items[:middle], items[middle:]} {
		err := s.sendBatch(ctx, half)
		if isRefused(err) {
			err = s.split(ctx, half, err, refused)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// batches splits items into parts that fit into one call each. A part has each param
// or tag only once: MLflow refuses some duplicates.
func batches(items []item) func(yield func([]item) bool) {
	limits := [itemKinds]int{paramItem: maxBatchParams, tagItem: maxBatchTags, metricItem: maxBatchMetrics}
	return func(yield func([]item) bool) {
		var counts [itemKinds]int
		seen := map[[2]string]bool{}
		from := 0
		for i, it := range items {
			name := [2]string{it.kind.String(), it.key}
			repeated := it.kind != metricItem && seen[name]
			if repeated || counts[it.kind] == limits[it.kind] || i-from == maxBatchItems {
				if !yield(items[from:i]) {
					return
				}
				from = i
				counts = [itemKinds]int{}
				clear(seen)
			}
			counts[it.kind]++
			seen[name] = true
		}
		if from < len(items) {
			yield(items[from:])
		}
	}
}

func (s *serverStore) sendBatch(ctx context.Context, items []item) error {
	request := batch{Run: s.run}
	for _, it := range items {
		switch it.kind {
		case paramItem:
			request.Params = append(request.Params, keyValue{it.key, it.text})
		case tagItem:
			request.Tags = append(request.Tags, keyValue{it.key, it.text})
		default:
			request.Metrics = append(request.Metrics, metricValue{it.key, it.value, it.time, it.step})
		}
	}
	return s.api.post(ctx, "runs/log-batch", request, nil)
}

// withoutRecorded removes metric values that the run already has. A server with a
// database does that itself; one with a file store doesn't.
func (s *serverStore) withoutRecorded(ctx context.Context, items []item) ([]item, error) {
	type point struct {
		key        string
		time, step int64
		value      float64
	}
	recorded := map[point]bool{}
	asked := map[string]bool{}
	for _, it := range items {
		if it.kind != metricItem || asked[it.key] {
			continue
		}
		asked[it.key] = true
		points, err := s.api.points(ctx, s.run, it.key)
		if err != nil {
			return nil, err
		}
		for _, p := range points {
			recorded[point{p.Key, p.Time, p.Step, p.Value}] = true
		}
	}
	if len(recorded) == 0 {
		return items, nil
	}
	return slices.DeleteFunc(slices.Clone(items), func(it item) bool {
		return it.kind == metricItem && recorded[point{it.key, it.time, it.step, it.value}]
	}), nil
}

// points returns the values of a run's metric.
func (c *client) points(ctx context.Context, run, key string) (list []metricValue, err error) {
	query := url.Values{"run_id": {run}, "metric_key": {key}, "max_results": {"10000"}}
	for {
		var answer struct {
			Metrics []struct {
				Time  number  `json:"timestamp"`
				Step  number  `json:"step"`
				Value decimal `json:"value"`
			} `json:"metrics"`
			Next string `json:"next_page_token"`
		}
		err := c.get(ctx, "metrics/get-history", query, &answer)
		if err != nil && !hasCode(err, "RESOURCE_DOES_NOT_EXIST") {
			return nil, fmt.Errorf("reading what the run holds: %w", err)
		}
		for _, m := range answer.Metrics {
			list = append(list, metricValue{key, float64(m.Value), int64(m.Time), int64(m.Step)})
		}
		if answer.Next == "" {
			return list, nil
		}
		query.Set("page_token", answer.Next)
	}
}

func (s *serverStore) logInput(ctx context.Context, d Dataset) error {
	dataset := map[string]string{
		"name":        d.Name,
		"digest":      d.Digest,
		"source_type": datasetSourceType,
		"source":      d.sourceJSON(),
	}
	if d.Profile != "" {
		dataset["profile"] = d.Profile
	}
	if d.Schema != "" {
		dataset["schema"] = d.Schema
	}
	tags := []keyValue{}
	if d.Context != "" {
		tags = append(tags, keyValue{tagDatasetContext, d.Context})
	}
	err := s.api.post(ctx, "runs/log-inputs", map[string]any{
		"run_id":   s.run,
		"datasets": []any{map[string]any{"dataset": dataset, "tags": tags}},
	}, nil)
	if err != nil {
		return fmt.Errorf("recording a data set: %w", err)
	}
	return nil
}

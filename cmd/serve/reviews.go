package main

import (
	"context"
	"time"

	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/serve"
)

// openReviews opens the folder of reviews, if one is given, and removes texts in it as
// they get too old until ctx ends. The returned function closes it.
func (f *flags) openReviews(ctx context.Context, c *serve.Config) (closeAll func(), err error) {
	if f.Reviews == "" {
		return func() {}, nil
	}
	retention, err := reviews.ParseRetention(f.ReviewRetention)
	if err != nil {
		return nil, err
	}
	store, torn, err := reviews.Open(f.Reviews, reviews.Options{Texts: f.ReviewTexts, Retention: retention})
	if err != nil {
		return nil, err
	}
	c.Reviews = store
	c.Log.Info("reviews", "folder", f.Reviews, "kept", store.Count(), "texts", f.ReviewTexts, "retention", retention.String())
	if torn != "" {
		c.Log.Warn("a crash left an unfinished review, which nobody was told was kept; it is set aside", "file", torn)
	}
	switch {
	case f.Keys == "":
		c.Log.Warn("reviews have no names: without keys (--keys) reviewers can't be told apart")
	case f.ReviewTexts && retention == 0:
		c.Log.Warn("texts of reviewed calls are kept for good; --review-retention 90d removes them after 90 days")
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		store.KeepPruned(ctx, time.Hour, func(removed int, err error) {
			if removed > 0 {
				c.Log.Info("texts that were too old are removed", "files", removed)
			}
			if err != nil {
				c.Log.Error("texts that are too old are still there", "error", err.Error())
			}
		})
	}()
	return func() {
		stop()
		<-ended
		if err := store.Close(); err != nil {
			c.Log.Error("close the reviews", "error", err.Error())
		}
	}, nil
}

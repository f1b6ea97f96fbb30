// Package tracking records a training run in MLflow: on a tracking server over
// its REST API, or as a file store (./mlruns) in the layout that MLflow's own
// tools read.
//
// Training only enqueues. Open finds or creates the experiment and the run;
// LogParams, SetTags, LogMetrics, LogArtifacts, LogInput and LogModel check their
// arguments, append them to a queue and return; a background sender delivers
// them. With a server, the queue is also a journal on disk (the outbox), so that
// undelivered records outlive the process and Sync replays them later, in order
// and once.
//
//	Run ── validate ── queue ──┬── lane "records"  ──┐
//	                     │     └── lane "artifacts" ─┴── store: REST server or files
//	                     └── outbox (JSON lines, servers only)
//
// Nothing here stops training: if the server is unavailable at the start, the
// file store is used, with one warning; if it becomes unavailable later, sending
// is retried; an item that the store refuses is dropped alone, with a warning.
//
// FetchModel goes the other way: it fetches a registered or logged model into a cache.
//
// pkg/run opens a [Run] ([Open]) for a training, cmd/train sync calls [Sync], and cmd/eval
// adds a report to a run. This package imports no other package of pkg/.
package tracking

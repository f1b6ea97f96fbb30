// Package tracking records a training run in MLflow: on a tracking server over
// its REST API, or as a file store (./mlruns) in the layout that MLflow's own
// tools read.
//
// Training only ever enqueues. Open finds or creates the experiment and the
// run; LogParams, SetTags, LogMetrics, LogArtifacts and LogInput check what
// they are given, append it to a queue and return; a background sender takes
// it from there. With a server, the queue is also a journal on disk (the
// outbox), so that what could not be delivered outlives the process and Sync
// replays it later, in order and once.
//
//	Run ── validate ── queue ──┬── lane "records"  ──┐
//	                     │     └── lane "artifacts" ─┴── store: REST server or files
//	                     └── outbox (JSON lines, servers only)
//
// Nothing here stops training: a server that is away at the start is replaced
// by the file store with one warning, one that goes away later is waited for,
// and an item that the store refuses is dropped alone, with a warning.
//
// pkg/run opens a [Run] ([Open]) for a training, cmd/train sync calls [Sync], and cmd/eval
// adds a report to a run. This package calls no other of pkg/.
package tracking

// Package reviews keeps what people say of a model's labels: a line for each review, in a
// folder that several reviewers share, and never a call's text unless that is asked for.
//
// pkg/serve opens the folder with [Open] and adds reviews with [Store.Add]. Other programs
// read it with [Load], combine the reviews of a call with [Merge], and measure with
// [Agree] how often model and people, or two people, say the same. pkg/annotations makes
// training records of it. The package needs no libtorch.
//
// A folder holds
//
//	reviews.jsonl          a [Review] a line, only ever appended to
//	texts/2026-11-27.jsonl the texts of calls reviewed on that day (UTC), if they are kept
//	torn-*.jsonl           what a crash left of a line that nobody was told was kept
//	lock                   locked while a [Store] is open; it has the process's id
package reviews

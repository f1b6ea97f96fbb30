package tracking

import "context"

// store is where one run is recorded. Its methods block until the work is done
// and can be repeated after an error; an error that isRefused must not be. They
// are called by one goroutine for logBatch and finish, and by another for the
// rest.
type store interface {
	// logBatch records the items in order. It tells refused of each item that it
	// will never take and goes on with the others. attempt is 0 the first time these
	// items are sent; a later attempt must not record twice what an earlier one
	// recorded.
	logBatch(ctx context.Context, items []item, attempt int, refused func(item, error)) error
	logInput(ctx context.Context, dataset Dataset) error
	// logArtifact stores one file under dest, a slash-separated path, and calls
	// progress while it goes on.
	logArtifact(ctx context.Context, file, dest string, progress func()) error
	finish(ctx context.Context, status Status, end int64) error
	// sync makes what was recorded outlive this machine, as far as the store lies
	// on it. It may be called beside the others.
	sync() error

	close() // frees what the store holds, after the last call

	runID() string
	experimentID() string
	where() string   // the server or folder, for messages
	url() string     // for a browser, or the run's folder
	hints() []string // lines that tell a person how to look at the run
}

// runSpec is what a store needs to know of a new run.
type runSpec struct {
	experiment string
	name       string
	user       string
	start      int64             // Unix milliseconds
	clientKey  string            // random, marks the run on a server
	tags       map[string]string // mlflow.runName among them
}

package tracking

import "context"

// store is where one run is recorded. Its methods block until the work is done
// and can be repeated after an error; an error that isRefused must not be. They
// are called by one goroutine for logBatch and finish, and by another for the
// rest, which also sets tags with logBatch.
type store interface {
	// logBatch records the items in order. It calls refused for each item that it
	// will never accept, and continues with the others. attempt is 0 the first time
	// these items are sent; a later attempt must not duplicate what an earlier one
	// recorded.
	logBatch(ctx context.Context, items []item, attempt int, refused func(item, error)) error
	logInput(ctx context.Context, dataset Dataset) error
	// logArtifact stores one file under dest, a slash-separated path, and calls
	// progress meanwhile.
	logArtifact(ctx context.Context, file, dest string, progress func()) error
	finish(ctx context.Context, status Status, end int64) error
	// sync flushes what was recorded to disk, if the store is on this machine. It may
	// be called concurrently with the other methods.
	sync() error

	close() // frees resources; the last call

	runID() string
	experimentID() string
	where() string   // the server or folder, for messages
	url() string     // for a browser, or the run's folder
	hints() []string // lines that tell a user how to view the run
}

// runSpec describes a new run to a store.
type runSpec struct {
	experiment string
	name       string
	user       string
	start      int64             // Unix milliseconds
	clientKey  string            // random, identifies the run on a server
	tags       map[string]string // including mlflow.runName
}

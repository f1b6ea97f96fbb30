package tracking

import "errors"

var (
	// ErrUnsupportedURI is returned for a tracking URI that is neither a
	// directory nor http(s).
	ErrUnsupportedURI = errors.New("unsupported MLflow tracking URI")
	// ErrExperimentDeleted is returned by Open when the experiment exists but
	// was deleted; MLflow then accepts no run until it is restored or renamed.
	ErrExperimentDeleted = errors.New("MLflow experiment is deleted")
	// ErrRunNotFound is returned by Open when the run to resume does not exist
	// or was deleted.
	ErrRunNotFound = errors.New("MLflow run not found")
	// ErrUnsent is returned by Run.Finish and Sync when records remain in the
	// outbox; nothing is lost, and Sync sends them later.
	ErrUnsent = errors.New("not everything reached the MLflow server")
	// ErrNoOutbox is returned by Sync for a path without an outbox.
	ErrNoOutbox = errors.New("no outbox of a run")
	// ErrOutboxBusy is returned by Sync for an outbox that a live process is
	// still sending from.
	ErrOutboxBusy = errors.New("outbox is in use by a running process")
	// ErrModelURI is returned by FetchModel for a name that is no model's.
	ErrModelURI = errors.New("not the name of a model in MLflow")
	// ErrModelNotFound is returned by FetchModel for a model that isn't there, or whose
	// files can't be had.
	ErrModelNotFound = errors.New("there is no such model")
)

// errNoAnswer means that a server didn't answer, or not to the end.
var errNoAnswer = errors.New("no answer")

// refusedError marks an item that the store will never accept; every other error
// of a store is worth a retry.
type refusedError struct{ cause error }

func (e *refusedError) Error() string { return e.cause.Error() }
func (e *refusedError) Unwrap() error { return e.cause }

func refuse(err error) error { return &refusedError{err} }

func isRefused(err error) bool {
	var refused *refusedError
	return errors.As(err, &refused)
}

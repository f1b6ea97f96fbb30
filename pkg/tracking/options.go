package tracking

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// Options says what Open records where. The zero value is a run without a name
// in the experiment "Default" of ./mlruns.
type Options struct {
	URI        string // tracking URI, see ResolveURI; DefaultURI when empty
	Experiment string // its name; made when missing
	RunName    string // shown in lists; made up when empty
	// Tags are set with the run's creation, beside mlflow.runName, mlflow.user,
	// mlflow.source.name and mlflow.source.type, which they may replace.
	Tags      map[string]string
	ResumeID  string                   // go on with this run; when empty, with that in MLFLOW_RUN_ID, else start one
	OutboxDir string                   // folder for the journal of unsent records (servers only); without it they are kept in memory
	Fallback  string                   // file store to use when the server cannot be reached at the start; DefaultURI when empty
	Warn      func(string)             // gets one line for a person; called from any goroutine; may be nil
	Getenv    func(name string) string // os.Getenv when nil

	pace *pace // only tests set it
}

// pace is how long things may take.
type pace struct {
	opening    time.Duration // all attempts to reach a server at the start
	openingTry time.Duration // one of these
	openTries  int
	call       time.Duration // one request later on, uploads excepted
	idle       time.Duration // an upload of which nothing moves
	stall      time.Duration // Finish and Sync while nothing is delivered
	grace      time.Duration // setting a run's status after Finish ran out of time
	minWait    time.Duration // back-off between attempts
	maxWait    time.Duration
	hurryWait  time.Duration // longest back-off once Finish was called
}

var defaultPace = pace{
	opening: 10 * time.Second, openingTry: 5 * time.Second, openTries: 3,
	call: 30 * time.Second, idle: 2 * time.Minute, stall: 30 * time.Second, grace: 3 * time.Second,
	minWait: 250 * time.Millisecond, maxWait: 30 * time.Second, hurryWait: 2 * time.Second,
}

// withDefaults fills in what the caller left out.
func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.pace == nil {
		o.pace = &defaultPace
	}
	warn := o.Warn
	o.Warn = func(line string) {
		if warn != nil {
			warn(oneLine(line))
		}
	}
	o.URI = cmp.Or(strings.TrimSpace(o.URI), DefaultURI)
	o.Fallback = cmp.Or(o.Fallback, DefaultURI)
	o.Experiment = cmp.Or(o.Experiment, defaultExperiment)
	o.ResumeID = cmp.Or(o.ResumeID, o.Getenv("MLFLOW_RUN_ID"))
	return o
}

// spec describes the run to start.
func (o Options) spec(now time.Time) runSpec {
	name := cmp.Or(o.RunName, o.Tags[tagRunName], "run-"+now.Format("20060102-150405"))
	username := cmp.Or(o.Tags[tagUser], o.Getenv("LOGNAME"), o.Getenv("USER"))
	if username == "" {
		if current, err := user.Current(); err == nil {
			username = current.Username
		}
	}
	tags := map[string]string{
		tagUser:       cmp.Or(username, "unknown"),
		tagSourceName: filepath.Base(os.Args[0]),
		tagSourceType: "LOCAL",
	}
	maps.Copy(tags, o.Tags)
	tags[tagRunName] = name
	clean := map[string]string{}
	for key, value := range tags {
		if key = cleanKey(key); key != "" {
			clean[key] = cut(value, maxTagLength)
		}
	}
	return runSpec{
		experiment: o.Experiment,
		name:       clean[tagRunName],
		user:       clean[tagUser],
		start:      now.UnixMilli(),
		clientKey:  newClientKey(),
		tags:       clean,
	}
}

// Tags and names that MLflow gives a meaning.
const (
	tagRunName    = "mlflow.runName"
	tagUser       = "mlflow.user"
	tagSourceName = "mlflow.source.name"
	tagSourceType = "mlflow.source.type"

	defaultExperiment = "Default"
)

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func describe(count int, what string) string {
	if count == 1 {
		return fmt.Sprintf("1 %s", what)
	}
	return fmt.Sprintf("%d %ss", count, what)
}

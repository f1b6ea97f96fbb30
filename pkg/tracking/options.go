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

// Options is what Open records and where. The zero value is an unnamed run in the
// experiment "Default" of ./mlruns.
type Options struct {
	URI        string // tracking URI, see ResolveURI; DefaultURI if empty
	Experiment string // its name; created if missing
	RunName    string // shown in lists; generated if empty
	// Tags are set when the run is created, in addition to mlflow.runName,
	// mlflow.user, mlflow.source.name, mlflow.source.type and mlflow.source.git.commit, which they
	// may override.
	Tags      map[string]string
	ResumeID  string                   // run to resume; if empty, that in MLFLOW_RUN_ID, otherwise a new one
	OutboxDir string                   // folder for the journal of unsent records (servers only); if empty they are kept in memory
	Fallback  string                   // file store if the server can't be reached at the start; DefaultURI if empty
	Warn      func(string)             // receives one-line warnings, from any goroutine; may be nil
	Say       func(string)             // receives one-line messages that are no warnings, likewise
	Getenv    func(name string) string // os.Getenv if nil

	pace *pace // only tests set it
}

// pace holds the time limits.
type pace struct {
	opening    time.Duration // all attempts to reach a server at the start
	openingTry time.Duration // one such attempt
	openTries  int
	call       time.Duration // one later request, except uploads
	idle       time.Duration // an upload without progress
	stall      time.Duration // Finish and Sync without any delivery
	grace      time.Duration // setting the run's status after Finish has run out of time
	minWait    time.Duration // back-off between attempts
	maxWait    time.Duration
	hurryWait  time.Duration // longest back-off after Finish was called
}

var defaultPace = pace{
	opening: 10 * time.Second, openingTry: 5 * time.Second, openTries: 3,
	call: 30 * time.Second, idle: 2 * time.Minute, stall: 30 * time.Second, grace: 3 * time.Second,
	minWait: 250 * time.Millisecond, maxWait: 30 * time.Second, hurryWait: 2 * time.Second,
}

// withDefaults fills in defaults.
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
	say := o.Say
	o.Say = func(line string) {
		if say != nil {
			say(oneLine(line))
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
	if commit := sourceCommit(); commit != "" {
		tags[tagCommit] = commit
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
	tagCommit     = "mlflow.source.git.commit"

	tagModelHistory = "mlflow.log-model.history"

	defaultExperiment = "Default"
)

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func describe(count int, what string) string {
	if count == 1 {
		return fmt.Sprintf("1 %s", what)
	}
	return fmt.Sprintf("%d %ss", count, what)
}

package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tracking"
)

// reviewed are the calls of data.reviews.
type reviewed struct {
	datasets.Reviewed

	digest   string // of what they say, and of the texts that are kept
	disputed int    // calls about which reviewers disagree
	torn     bool   // the last review was being written, and is left out
	unknown  int    // calls with labels of tasks or heads that the run doesn't have
}

// readReviews reads data.reviews; nil if there are none.
func (p dataPlan) readReviews() (*reviewed, error) {
	if p.reviews == "" {
		return nil, nil
	}
	loaded, err := reviews.Load(p.reviews)
	if err != nil {
		return nil, fmt.Errorf("data.reviews: %w", err)
	}
	if len(loaded.Reviews) == 0 {
		return nil, fmt.Errorf("data.reviews: %s has no reviews yet; leave the setting empty until somebody has reviewed a call", p.reviews)
	}
	var list []tasks.Task
	for _, file := range p.files {
		list = append(list, file.Tasks...)
	}
	r := &reviewed{disputed: reviews.Disagreements(loaded.Reviews), torn: loaded.Torn}
	r.Path = p.reviews
	calls, by := loaded.Calls()
	last := map[string]int{} // the line of a call's latest review
	for i, one := range loaded.Reviews {
		last[one.Call] = i + 1
	}
	slices.SortFunc(calls, func(a, b string) int { return last[a] - last[b] })
	for _, call := range calls {
		c := datasets.ReviewedCall{Call: call, Text: datasets.Transcript(loaded.Texts[call]), ID: reviews.RecordID(by[call]), Line: last[call]}
		var whole bool
		if c.Tasks, whole = checkedLabels(reviews.Merge(by[call]), list); !whole {
			r.unknown++
		}
		r.Calls = append(r.Calls, c)
	}
	content, err := json.Marshal(r.Calls)
	if err != nil {
		return nil, fmt.Errorf("data.reviews: identify what the reviews say: %w", err)
	}
	sum := sha256.Sum256(content)
	r.digest = hex.EncodeToString(sum[:8])
	return r, nil
}

// checkedLabels converts what people say of a call. whole is false if there are labels that
// no task has a place for.
func checkedLabels(l reviews.Labels, list []tasks.Task) (by map[string]datasets.ReviewedLabels, whole bool) {
	by, whole = map[string]datasets.ReviewedLabels{}, true
	left := map[string]bool{}
	for name := range l.Tasks {
		left[name] = true
	}
	for name, given := range map[string]bool{tasks.NERName: l.Entities != nil, tasks.CLSName: l.Classification != nil, tasks.QAName: l.QA != nil} {
		if given {
			left[name] = true
		}
	}
	for _, t := range list {
		if !left[t.Name] {
			continue
		}
		delete(left, t.Name)
		own := l.Tasks[t.Name]
		entities, classes := own.Entities, own.Classes
		switch t.Name {
		case tasks.NERName:
			entities = l.Entities
		case tasks.CLSName:
			classes = l.Classification
		}
		said := datasets.ReviewedLabels{Classes: classes}
		if entities != nil {
			said.Entities = []datasets.Entity{}
			for _, e := range entities {
				said.Entities = append(said.Entities, datasets.Entity(e))
			}
		}
		for field := range classes {
			whole = whole && hasField(t, field)
		}
		for field, flags := range own.Flags {
			whole = whole && hasField(t, field)
			for name, value := range flags {
				said.SetFlag(field, name, value == 1)
			}
		}
		if t.Name == tasks.QAName {
			whole = criteria(&said, t, l.QA) && whole
		}
		if said.Entities != nil || said.Classes != nil || said.Flags != nil {
			by[t.Name] = said
		}
	}
	return by, whole && len(left) == 0
}

func hasField(t tasks.Task, field string) bool {
	return slices.ContainsFunc(t.Heads, func(h tasks.Head) bool { return h.Field == field })
}

// criteria takes the criteria that were judged. It reports whether the task has all of them.
func criteria(said *datasets.ReviewedLabels, t tasks.Task, by map[string][]int) (whole bool) {
	whole = true
	for field, values := range by {
		i := slices.IndexFunc(t.Heads, func(h tasks.Head) bool { return h.Field == field })
		if i < 0 || len(values) > len(t.Heads[i].Labels) {
			whole = false
			continue
		}
		for n, value := range values {
			if value >= 0 {
				said.SetFlag(field, t.Heads[i].Labels[n], value == 1)
			}
		}
	}
	return whole
}

// describe says how many calls were reviewed; "" without reviews.
func (r *reviewed) describe() string {
	if r == nil {
		return ""
	}
	text := numbers.Of(len(r.Calls), "call")
	if r.disputed > 0 {
		text += fmt.Sprintf(", %d of them with reviewers who disagree (the last one's word counts)", r.disputed)
	}
	return text
}

// say reports the reviews, and what became of them in the files' records.
func (r *reviewed) say(all []datasets.Records, out, stderr io.Writer) {
	if r == nil {
		return
	}
	fmt.Fprintf(out, "Reviews: %s\n", r.describe())
	for _, records := range all {
		n := records.Reviews
		names := strings.Join(tasks.Names(records.Tasks), "+")
		fmt.Fprintf(out, "  %s: %s\n", names, describeReviews(n))
		if n.NoText > 0 {
			fmt.Fprintf(stderr, "train: warning: %s: %s can't teach %s: the text isn't kept, and no record of %s has it; keep texts (serve --review-texts), or convert the reviews with --texts\n",
				r.Path, numbers.Of(n.NoText, "reviewed call"), names, records.Path)
		}
	}
	if r.torn {
		fmt.Fprintf(stderr, "train: warning: %s: the last review isn't whole, and is left out\n", r.Path)
	}
	if r.unknown > 0 {
		fmt.Fprintf(stderr, "train: warning: %s: %s of tasks or heads that this configuration doesn't have, which are left out\n", r.Path, numbers.Of(r.unknown, "call")+" with labels")
	}
}

// describeReviews says what became of reviewed calls.
func describeReviews(n datasets.ReviewCounts) string {
	text := fmt.Sprintf("%s; %d with the text of records, whose labels they correct, %d new", numbers.Of(n.Calls(), "reviewed call"), n.Corrected, n.Added)
	if n.Replaced > 0 {
		text += fmt.Sprintf(", %d in place of the record with their id, which has another text", n.Replaced)
	}
	if n.NoText > 0 {
		text += fmt.Sprintf(", %d unused since their text isn't there", n.NoText)
	}
	if n.Bad > 0 {
		text += fmt.Sprintf(", %d that can't be used", n.Bad)
	}
	return text
}

// params counts the reviewed calls for MLflow.
func (r *reviewed) params(sources []source) map[string]string {
	if r == nil {
		return nil
	}
	params := map[string]string{"reviews_calls": strconv.Itoa(len(r.Calls)), "reviews_disputed": strconv.Itoa(r.disputed)}
	for _, s := range sources {
		n := s.records.Reviews
		for _, task := range s.set.Tasks {
			for name, count := range map[string]int{"corrected": n.Corrected, "replaced": n.Replaced, "added": n.Added, "no_text": n.NoText, "bad": n.Bad} {
				params["reviews_"+task.Name+"_"+name] = strconv.Itoa(count)
			}
		}
	}
	return params
}

// log logs the reviews as an input of the run.
func (r *reviewed) log(to *tracking.Run) error {
	if r == nil {
		return nil
	}
	path, err := filepath.Abs(r.Path)
	if err != nil {
		return fmt.Errorf("name the reviews %s: %w", r.Path, err)
	}
	to.LogInput(tracking.Dataset{
		Name: filepath.Base(r.Path), Digest: r.digest, Source: path, Context: "training", Profile: fmt.Sprintf(`{"num_rows":%d}`, len(r.Calls)),
	})
	return nil
}

// addedReviews is the number of records that aren't in the source's file.
func (s source) addedReviews() int {
	if s.set.FromFile == 0 {
		return 0
	}
	return s.set.Filters[0].Before - s.set.FromFile
}

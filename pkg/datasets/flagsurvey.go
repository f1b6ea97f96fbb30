package datasets

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// flagSurvey counts how a head's yes/no labels in a file were interpreted.
type flagSurvey struct {
	flagsRead
	lists                       int
	longest                     int // longest list
	long                        int // lists with more values than the head has labels
	firstOdd, firstOut, firstNA int // record numbers
}

// note adds the results of reading a record's list for a head of that width.
func (s *flagSurvey) note(number, count, width int, read flagsRead) {
	first := func(at *int, n int) {
		if *at == 0 && n > 0 {
			*at = number
		}
	}
	first(&s.firstOdd, read.odd)
	first(&s.firstOut, read.outside)
	first(&s.firstNA, read.notApplicable)
	s.values += read.values
	s.notApplicable += read.notApplicable
	s.odd += read.odd
	s.outside += read.outside
	s.lists++
	s.longest = max(s.longest, count)
	if count > width {
		s.long++
	}
}

// sum adds up the heads' counts, and names the heads with a positive count.
func sum(task tasks.Task, surveys []flagSurvey, of func(flagSurvey) (n, first int)) (total int, where string) {
	var heads []string
	first := 0
	for h, s := range surveys {
		n, at := of(s)
		if total += n; n == 0 {
			continue
		}
		heads = append(heads, fmt.Sprintf("%s %d", task.Heads[h].Name, n))
		if first == 0 || at < first {
			first = at
		}
	}
	return total, fmt.Sprintf("%s; the first in record %d", strings.Join(heads, ", "), first)
}

func odd(s flagSurvey) (n, first int)     { return s.odd, s.firstOdd }
func outside(s flagSurvey) (n, first int) { return s.outside, s.firstOut }
func unsaid(s flagSurvey) (n, first int) {
	return s.odd + s.notApplicable, min(cmp.Or(s.firstOdd, s.firstNA), cmp.Or(s.firstNA, s.firstOdd))
}

// unreadableFlags returns an error if at least half of a lenient task's values are
// neither yes nor no: all of these would count as no.
func unreadableFlags(task tasks.Task, surveys []flagSurvey) error {
	values, _ := sum(task, surveys, func(s flagSurvey) (int, int) { return s.values, 1 })
	if n, where := sum(task, surveys, unsaid); n > 0 && 2*n >= values {
		return fmt.Errorf("%d of the %d values of task %s say neither yes nor no (%s); write 1 and 0, true and false, or yes and no", n, values, task.Name, where)
	}
	return nil
}

// flagWarnings returns the warnings about a lenient task's values in a file.
func flagWarnings(task tasks.Task, surveys []flagSurvey) (list []string) {
	if n, where := sum(task, surveys, odd); n > 0 {
		list = append(list, fmt.Sprintf("%d values say neither yes nor no (%s): they count as no", n, where))
	}
	if n, where := sum(task, surveys, outside); n > 0 {
		list = append(list, fmt.Sprintf("%d values are below 0 or above 1 (%s): they count as 0 and as 1", n, where))
	}
	for h, s := range surveys {
		head := task.Heads[h]
		switch width := len(head.Labels); {
		case s.values > 0 && s.notApplicable == s.values:
			list = append(list, fmt.Sprintf("head %s: every value says that there was nothing to judge: it counts as no everywhere", head.Name))
		case s.longest == 0:
			list = append(list, fmt.Sprintf("head %s: no record has a value for it: it counts as no everywhere", head.Name))
		case s.longest < width:
			list = append(list, fmt.Sprintf("head %s: no record has more than %d of its %d values: the others count as no everywhere", head.Name, s.longest, width))
		case 2*s.long > s.lists:
			list = append(list, fmt.Sprintf("head %s: %d records have more values than its %d: those behind are passed over", head.Name, s.long, width))
		}
	}
	return list
}

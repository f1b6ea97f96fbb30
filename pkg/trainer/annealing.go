package trainer

import (
	"maps"
	"slices"
)

// at returns the setting of a step before which a share done of the run's steps was
// taken. With AnnealingRatio r the teacher's weight is
//
//	Alpha · max(0, 1 - done/r)
//
// (teacher annealing; Clark et al. 2019, "BAM!", section 3.2, which has Alpha 1 and r 1).
// With Alpha 1 and Temperature 1 the loss λ·hard + (1-λ)·KL, where λ is 1 less that
// weight, has the gradient of the cross-entropy with the mixed target
// λ·gold + (1-λ)·softmax(teacher) for examples that have both, as KL and that
// cross-entropy differ by the teacher's entropy alone.
func (d Distillation) at(done float64) Distillation {
	if d.AnnealingRatio > 0 {
		d.Alpha *= max(0, 1-done/d.AnnealingRatio)
	}
	return d
}

// teaching returns how a task learns from its teacher in the present step; false if it
// has none.
func (m multitask) teaching(task string) (Distillation, bool) {
	d, found := m.distill[task]
	return d.at(m.done), found
}

// at returns the objective of a step before which a share done of the run's steps was
// taken.
func at(o Objective, done float64) Objective {
	if m, ok := o.(multitask); ok {
		m.done = done
		return m
	}
	return o
}

// done is the share of the run's steps that have been taken after that many. It depends
// on nothing else, so a resumed run anneals as an uninterrupted one.
func (t *Trainer) done(steps int) float64 {
	return min(1, float64(steps)/float64(max(1, t.plan.Schedule.Total)))
}

// annealing reports whether the last of so many steps still learnt from a teacher whose
// weight is falling: what the student then lacks it may learn from labels later.
func (t *Trainer) annealing(steps int) bool {
	for _, d := range t.settings.Distill {
		if d.AnnealingRatio > 0 && d.at(t.done(steps-1)).Alpha > 0 {
			return true
		}
	}
	return false
}

// annealedWeights lists the weights that annealed teachers had in the last of so many
// steps.
func (t *Trainer) annealedWeights(steps int) (list []Figure) {
	for _, task := range slices.Sorted(maps.Keys(t.settings.Distill)) {
		if d := t.settings.Distill[task]; d.AnnealingRatio > 0 {
			list = append(list, Figure{"alpha_" + task, d.at(t.done(steps - 1)).Alpha})
		}
	}
	return list
}

package trainer

// losses are the running mean losses of an epoch, over the batches of all
// tasks and of each.
type losses struct {
	total  mean
	byTask map[string]*mean
}

func newLosses() *losses { return &losses{byTask: map[string]*mean{}} }

func (l *losses) add(task string, loss float64) {
	if l.byTask[task] == nil {
		l.byTask[task] = &mean{}
	}
	l.total.add(loss)
	l.byTask[task].add(loss)
}

func (l *losses) of(task string) float64 {
	if m := l.byTask[task]; m != nil {
		return m.value()
	}
	return 0
}

// mean is a running mean; that of nothing is 0.
type mean struct {
	sum   float64
	count int
}

func (m *mean) add(x float64) { m.sum, m.count = m.sum+x, m.count+1 }

func (m *mean) value() float64 { return m.sum / float64(max(1, m.count)) }

package heads

// Denominator implements [Head]. Ignored classes are negative.
func (l *losses) Denominator(head int, classes []int64) float64 {
	weights := l.weights[head]
	var sum float64
	for _, class := range classes {
		switch {
		case class < 0:
		case weights == nil:
			sum++
		default:
			sum += float64(weights[class])
		}
	}
	return sum
}

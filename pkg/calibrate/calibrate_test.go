package calibrate

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/trident-nlp/trident/internal/numbers"
)

// numbered gives each of n rows its own record.
func numbered(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

// TestReference compares with SciPy, NumPy and scikit-learn (scripts/golden/calibration.py).
func TestReference(t *testing.T) {
	data, err := os.ReadFile("testdata/calibration.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name        string
		Labels      int
		YesNo       bool `json:"yes_no"`
		Logits      []float32
		Truth       []int
		Temperature float64
		NLL, ECE    [2]float64
		Quantiles   map[string]*float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		o := Outputs{Labels: c.Labels, YesNo: c.YesNo, Logits: c.Logits, Truth: c.Truth, Records: numbered(len(c.Logits) / c.Labels)}
		got, err := o.Temperature()
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		close := func(what string, got, want, tolerance float64) {
			if !(math.Abs(got-want) <= tolerance) {
				t.Errorf("%s: %s is %.9g, want %.9g", c.Name, what, got, want)
			}
		}
		close("temperature", got, c.Temperature, 1e-6*c.Temperature) // the minimum is flat: SciPy's is exact to a root of the precision
		for i, temperature := range []float64{1, c.Temperature} {
			close("NLL", o.NLL(temperature), c.NLL[i], 1e-9)
			close("ECE", o.Calibration(temperature).ECE, c.ECE[i], 1e-6) // probabilities are float32
		}
		for coverage, want := range c.Quantiles {
			share, err := strconv.ParseFloat(coverage, 64)
			if err != nil {
				t.Fatal(err)
			}
			q, ok := Quantile(o.scores(c.Temperature), share)
			if ok != (want != nil) {
				t.Errorf("%s: a quantile for %s: %t", c.Name, coverage, ok)
			} else if ok {
				close("quantile", q, *want, 1e-6)
			}
		}
	}
}

// drawn draws labels from softmax(logits/sharpness).
func drawn(rng *rand.Rand, n, labels int, sharpness float64) Outputs {
	o := Outputs{Labels: labels, Records: numbered(n)}
	for range n {
		row := make([]float32, labels)
		for i := range row {
			row[i] = float32(2 * rng.NormFloat64())
		}
		at, class := rng.Float64(), 0
		for i, p := range Softmax(row, sharpness) {
			if class = i; at < float64(p) {
				break
			}
			at -= float64(p)
		}
		o.Logits, o.Truth = append(o.Logits, row...), append(o.Truth, class)
	}
	return o
}

// TestCoverage draws calibration records and new ones: on average over the draws, sets hold
// the right label in at least the wished share of new records, and not in many more.
func TestCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 3))
	for _, n := range []int{19, 60, 250} {
		for _, coverage := range Coverages() {
			const draws, fresh = 400, 100
			hits, drawsUsed := 0, 0
			for range draws {
				q, ok := Quantile(drawn(rng, n, 4, 2).scores(1), coverage)
				if !ok {
					t.Fatalf("%d records are too few for %g", n, coverage)
				}
				h, _, rows := Set{Score: q}.hits(drawn(rng, fresh, 4, 2), 1)
				hits, drawsUsed = hits+h, drawsUsed+rows
			}
			got := float64(hits) / float64(drawsUsed)
			// The coverage of a draw has a beta distribution with a deviation of about
			// sqrt(c(1-c)/n); the mean's is that of both samples.
			deviation := math.Sqrt(coverage*(1-coverage)) * math.Sqrt(1/float64(n)+1/float64(fresh)) / math.Sqrt(draws)
			if most := coverage + 1/float64(n+1); got < coverage-5*deviation || got > most+5*deviation {
				t.Errorf("%d records: sets hold the right label in %.4f of new ones; want %g to %.4f", n, got, coverage, most)
			}
		}
	}
}

// TestRecallCoverage is the same for thresholds.
func TestRecallCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 4))
	const wish, draws = 0.9, 400
	found, all := 0, 0
	for range draws {
		threshold, err := drawn(rng, 200, 3, 2).Recall(Threshold{Recall: wish}, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		fresh := drawn(rng, 100, 3, 2)
		for i, truth := range fresh.Truth {
			if truth == 0 {
				all++
				if float64(Softmax(fresh.row(i), 1)[0]) >= threshold.Probability {
					found++
				}
			}
		}
	}
	if got := float64(found) / float64(all); got < wish-0.01 || got > wish+0.04 {
		t.Errorf("%.4f of the new records with the label are suspected, want about %g", got, wish)
	}
}

func TestRecall(t *testing.T) {
	o := Outputs{Labels: 1, YesNo: true}
	for i := range 30 { // 20 with the label, of rising probability; 10 without
		o.Logits, o.Truth, o.Records = append(o.Logits, float32(i%20)), append(o.Truth, 1), append(o.Records, i)
		if i >= 20 {
			o.Truth[i] = 0
		}
	}
	got, err := o.Recall(Threshold{Recall: 0.9}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	// ceil(21·0.9) = 19 of the 20 logits 0 to 19: those from 1; of the 10 without it 9
	if want := float64(float32(Sigmoid(1, 1))); got.Probability != want || got.Positives != 20 || math.Abs(got.Flagged-28.0/30) > 1e-12 {
		t.Errorf("got %+v, want the probability %g", got, want)
	}
	if _, err := o.Recall(Threshold{Recall: 0.99}, 0, 1); err == nil || err.Error() != "only 20 records have the label; a recall of 0.99 takes at least 99" {
		t.Errorf("error %v", err)
	}
}

func TestQuantile(t *testing.T) {
	scores := make([]float64, 19)
	for i := range scores {
		scores[i] = float64(19 - i) // in any order
	}
	for coverage, want := range map[float64]float64{0.9: 18, 0.95: 19, 0.5: 10} {
		if got, ok := Quantile(scores, coverage); !ok || got != want {
			t.Errorf("coverage %g: %g, %t; want %g", coverage, got, ok, want)
		}
	}
	if _, ok := Quantile(scores[:18], 0.95); ok {
		t.Error("18 scores aren't enough for 0.95")
	}
	if _, ok := Quantile(append(slices.Clone(scores), math.Inf(1), math.Inf(1), math.Inf(1)), 0.95); ok {
		t.Error("too many labels are unknown for 0.95")
	}
}

// TestWinnersStay checks that no temperature changes the most likely label or the answer.
func TestWinnersStay(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 5))
	for range 2000 {
		row := []float32{float32(rng.NormFloat64()), float32(rng.NormFloat64()), float32(rng.NormFloat64())}
		temperature := math.Exp(rng.Float64()*6 - 3)
		if got, want := numbers.Argmax(Softmax(row, temperature)), numbers.Argmax(row); got != want {
			t.Errorf("%v with temperature %g: label %d, want %d", row, temperature, got, want)
		}
		if got, want := Sigmoid(row[0], temperature) > 0.5, row[0] > 0; got != want {
			t.Errorf("%g with temperature %g: %t", row[0], temperature, got)
		}
	}
}

func TestFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 6))
	o := drawn(rng, 2000, 4, 2)
	o.Groups = make([]string, 2000)
	for i := range o.Groups {
		o.Groups[i] = []string{"en", "sw", "", "rare"}[min(rng.IntN(100), 3)%4]
		if i%3 == 0 {
			o.Groups[i] = "sw"
		} else if o.Groups[i] == "rare" {
			o.Groups[i] = "en"
		}
	}
	o.Groups[1] = "rare"
	f, err := Fit(o, true)
	if err != nil {
		t.Fatal(err)
	}
	if f.Records != 2000 || math.Abs(f.Temperature-2) > 0.2 || !(f.ECE.After < f.ECE.Before/2 && f.NLL.After < f.NLL.Before) || !f.Best {
		t.Errorf("%+v", f.Head)
	}
	if len(f.Sets) != 2 || math.Abs(f.Sets[0].Measured-0.9) > 0.03 || math.Abs(f.Sets[1].Measured-0.95) > 0.03 || f.Sets[0].Size >= f.Sets[1].Size {
		t.Errorf("sets %+v", f.Sets)
	}
	if f.Languages["en"] == nil || f.Languages["sw"] == nil || len(f.Languages) != 2 {
		t.Errorf("languages %v", f.Languages)
	}
}

func TestFitRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 7))
	few := drawn(rng, LeastRecords+10, 3, 1)
	for i := range 11 {
		few.Truth[i] = -1
	}
	if _, err := Fit(few, true); !errors.Is(err, ErrTooFew) {
		t.Errorf("error %v", err)
	}
	right := drawn(rng, 100, 3, 1)
	for i := range right.Truth {
		right.Truth[i] = numbers.Argmax(right.row(i))
	}
	f, err := Fit(right, true)
	if err != nil || f.Best || f.Temperature != 1 {
		t.Errorf("no mistakes: %+v, %v", f.Head, err)
	}
	right.Logits[3] = float32(math.NaN())
	if _, err := Fit(right, true); err == nil {
		t.Error("a logit that isn't finite")
	}
	if _, err := Fit(Outputs{Labels: 2, Logits: make([]float32, 3)}, true); err == nil {
		t.Error("a shape that doesn't fit")
	}
}

// TestWordsOfARecord checks that all words of a record are in one half.
func TestWordsOfARecord(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 8))
	o := drawn(rng, 600, 3, 2)
	for i := range o.Records {
		o.Records[i] = 7 * (i / 6)
	}
	if o.labelled() != 100 {
		t.Errorf("%d records", o.labelled())
	}
	halves := o.halves()
	for _, record := range halves[0].Records {
		if slices.Contains(halves[1].Records, record) {
			t.Fatalf("record %d is in both halves", record)
		}
	}
	if halves[0].rows() != 300 || halves[1].rows() != 300 {
		t.Errorf("halves of %d and %d rows", halves[0].rows(), halves[1].rows())
	}
}

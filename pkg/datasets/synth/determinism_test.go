package synth_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// digests gives the SHA-256 of the files that o makes.
func digests(t *testing.T, o synth.Options) []string {
	t.Helper()
	dir := t.TempDir()
	if _, err := synth.WriteAll(context.Background(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	var sums []string
	for _, path := range synth.Files(dir) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		sums = append(sums, hex.EncodeToString(sum[:]))
	}
	return sums
}

func TestSameBytesEachRun(t *testing.T) {
	for name, o := range map[string]synth.Options{
		"full":  {NER: 300, Cases: 600, QA: 400, Seed: 42},
		"short": {NER: 300, Cases: 600, QA: 400, Seed: 42, Short: true},
		"long":  {NER: 30, Cases: 60, QA: 40, Seed: 42, Long: true},
	} {
		first := digests(t, o)
		procs := runtime.GOMAXPROCS(1)
		second := digests(t, o)
		runtime.GOMAXPROCS(procs)
		o.Seed++
		other := digests(t, o)
		for i := range first {
			if first[i] != second[i] {
				t.Errorf("%s, file %d: two runs differ", name, i)
			}
			if first[i] == other[i] {
				t.Errorf("%s, file %d: another seed gives the same", name, i)
			}
		}
	}
}

// The bytes are the same on every machine, and change only when somebody means
// to: data that users have made no longer compare with new ones then. After
// such a change put in what the test prints.
func TestPinnedBytes(t *testing.T) {
	for name, c := range map[string]struct {
		options synth.Options
		want    [3]string
	}{
		"full": {synth.Options{NER: 50, Cases: 100, QA: 100, Seed: 42}, [3]string{
			"b26e7fcbf17768d12b7ddab10628896cff2714018d5a39eae1d266cef46bcc74",
			"fe99263286e9b4819ff59516ee686861337dfde7d85d9901ade82e5854feab47",
			"dcb11e97be683a771baefde383995d64e078bb85fcfedde3a6dac0ee42e3442e",
		}},
		"short": {synth.Options{NER: 50, Cases: 100, QA: 100, Seed: 42, Short: true}, [3]string{
			"464f3492ad933508de0f64d894a6b9eec1adfd5d9dff42949e4fed647308d574",
			"6cde985e908eb90cee694f5f7de593cd8d590e6dccbe7a32ba265460d5b77d30",
			"241f67d6b1ecf0d900f0454141d3e16d666dbdff630b271ab022277fcc8f9efb",
		}},
		"long": {synth.Options{NER: 20, Cases: 20, QA: 20, Seed: 42, Long: true}, [3]string{
			"6a0ad1300c4a15f8e90458880da60407c06e474fb9105a2570ada75ca11053d3",
			"1373ba0ea8628c412255fca0ca2ee37bf2e60c3b44936f07b115a840e5e5bef9",
			"dcaf5e1ab6a13fce9057e2d29e30002740f34967f002471703aeba4a85eee167",
		}},
	} {
		for i, got := range digests(t, c.options) {
			if got != c.want[i] {
				t.Errorf("%s: %s has SHA-256 %s", name, synth.Files("")[i], got)
			}
		}
	}
}

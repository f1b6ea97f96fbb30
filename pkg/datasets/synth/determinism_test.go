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
	for _, short := range []bool{false, true} {
		o := synth.Options{NER: 300, Cases: 600, QA: 400, Seed: 42, Short: short}
		first := digests(t, o)
		procs := runtime.GOMAXPROCS(1)
		second := digests(t, o)
		runtime.GOMAXPROCS(procs)
		o.Seed++
		other := digests(t, o)
		for i := range first {
			if first[i] != second[i] {
				t.Errorf("short %t, file %d: two runs differ", short, i)
			}
			if first[i] == other[i] {
				t.Errorf("short %t, file %d: another seed gives the same", short, i)
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
			"1c8f45a5f98576d4995404bd08667434528eecb2390ebbdde0542dea72366f81",
			"17e125b5cc41bb3cc8a786e063d04808292806a2e6e007e0e0a60d777690e4c5",
			"4e24cdf000c65f1a143be38d4381916dbd055f682be731133cf2cbc57f3363ea",
		}},
		"short": {synth.Options{NER: 50, Cases: 100, QA: 100, Seed: 42, Short: true}, [3]string{
			"c712eb879e708795e54244fc2b30394e24e57aa0d72a95540ac43756c76122c6",
			"9af71a6bfc5dd31fae11a4bdaa027a9613761444bf6532041886cb92d093430b",
			"e2c18320631d0fd05358ed6316d6792c3e320cbce0fd816c441b45779032e162",
		}},
	} {
		for i, got := range digests(t, c.options) {
			if got != c.want[i] {
				t.Errorf("%s: %s has SHA-256 %s", name, synth.Files("")[i], got)
			}
		}
	}
}

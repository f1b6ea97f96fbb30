package datasets

import (
	"fmt"
	"math"
)

// TrainTestSplit parts the records 0…n-1 into two shares: the same records in
// the same order as scikit-learn's train_test_split(range(n),
// test_size=testSize, random_state=seed). test has ⌈testSize·n⌉ of them. A
// share without records is an error.
func TrainTestSplit(n int, testSize float64, seed uint32) (train, test []int, err error) {
	held, err := heldOut(n, testSize)
	if err != nil {
		return nil, nil, err
	}
	order := newMT19937(seed).permutation(n)
	return order[held:], order[:held:held], nil
}

// heldOut is the number of n records that go into the test share.
func heldOut(n int, testSize float64) (int, error) {
	if !(testSize > 0 && testSize < 1) {
		return 0, fmt.Errorf("test_size is %v; want a share above 0 and below 1", testSize)
	}
	held := int(math.Ceil(testSize * float64(n)))
	if n < 1 || held == n {
		return 0, fmt.Errorf("test_size %v of %d records leaves nothing on one side; add records or choose another test_size", testSize, max(n, 0))
	}
	return held, nil
}

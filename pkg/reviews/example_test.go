package reviews_test

import (
	"fmt"
	"os"

	"github.com/trident-nlp/trident/pkg/reviews"
)

// Two people review a call; their labels are merged, and compared with the model's.
func Example() {
	dir, err := os.MkdirTemp("", "reviews")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, _, err := reviews.Open(dir, reviews.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	priority := func(label string) reviews.Labels {
		return reviews.Labels{Classification: map[string]string{"priority": label}}
	}
	first, err := store.Add(reviews.Review{Who: "nairobi", Old: priority("2"), New: priority("1")}, "My name is Amina.")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.Add(reviews.Review{Who: "kisumu", BasedOn: first.ID, Old: priority("2"), New: priority("2")}, "My name is Amina.")
	if err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := reviews.Load(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reviews.Merge(loaded.Reviews).Classification)
	for _, a := range reviews.ReviewerAgreement(loaded.Reviews) {
		fmt.Println(a.First, a.Second, a.Plain[0].Item, a.Plain[0].Same, "of", a.Plain[0].N)
	}
	// Output:
	// map[priority:2]
	// kisumu nairobi cls/priority 0 of 1
}

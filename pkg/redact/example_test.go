package redact_test

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/redact"
)

// Spans from anywhere are joined with what patterns find, and with further mentions.
func ExampleRedactor_Redact() {
	r, err := redact.New(redact.Options{Mode: redact.Label})
	if err != nil {
		fmt.Println(err)
		return
	}
	text := "My name is Amina Hassan, from Kisumu. Call me on 0712 345 678. Amina's son is in Kisumuni too."
	result := r.Redact(text, []redact.Span{{Label: "NAME", Start: 11, End: 23}, {Label: "LOCATION", Start: 30, End: 36}})
	fmt.Println(result.Text)
	fmt.Println(result.Replacements[0].Label, result.Replacements[0].Start, result.Replacements[0].End, result.Replacements[0].Source)
	// Output:
	// My name is [NAME_1], from [LOCATION_1]. Call me on [PHONE_NUMBER_1]. [NAME_1]'s son is in [LOCATION_1]ni too.
	// NAME 11 19 model
}

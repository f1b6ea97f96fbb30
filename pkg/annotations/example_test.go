package annotations_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/trident-nlp/trident/pkg/annotations"
)

// An export of doccano becomes records with entities. Its offsets count UTF-16 units,
// which the texts show.
func ExampleConvert() {
	export := `{"id": 7, "text": "😀 Amina anaishi Kisumu", "label": [[3, 8, "NAME"], [17, 23, "LOCATION"]]}`
	in, err := annotations.Stream("export", strings.NewReader(export))
	if err != nil {
		fmt.Println(err)
		return
	}
	from, err := annotations.Find("doccano", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	to, err := annotations.Find("ner", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	summary, err := annotations.Convert(context.Background(), in, from, annotations.Output{W: os.Stdout}, to, annotations.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(summary.Written, "written, in", summary.Unit)
	// Output:
	// {"id": "7", "text": "😀 Amina anaishi Kisumu", "entities": [{"start":2,"end":7,"label":"NAME"},{"start":16,"end":22,"label":"LOCATION"}]}
	// 1 written, in utf16
}

// A file's documents can be read one by one.
func ExampleRead() {
	in, err := annotations.Stream("export", strings.NewReader("Amina B-NAME\nOtieno I-NAME\ncalled O\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	from, err := annotations.Find("conll", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for d, err := range annotations.Read(context.Background(), in, from, annotations.Options{}) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(d.Text, d.Spans) // a text prints as its length
	}
	// Output:
	// [transcript, 19 characters] [{0 12 NAME}]
}

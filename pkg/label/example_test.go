package label_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/label"
)

// Two calls are read from a stream, and their labels are written as a table.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "model-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	o := label.Defaults()
	o.Model = tinymodel.ForExample(dir, 1) // a folder written by train
	o.Input, o.InputFormat = []string{"-"}, "jsonl"
	o.Tasks, o.Format, o.Device = []string{"mood"}, "csv", "cpu"
	calls := `{"id": 1, "text": "Hello, my name is Mwakamba."}
{"id": 2, "text": "my son was beaten"}
`
	var out strings.Builder
	counts, err := label.Run(context.Background(), o, label.Streams{In: strings.NewReader(calls), Out: &out})
	if err != nil {
		fmt.Println(err)
		return
	}
	header, _, _ := strings.Cut(out.String(), "\n")
	fmt.Println(header)
	fmt.Println(counts.Records, "calls")
	// Output:
	// id,mood.caller,truncated
	// 2 calls
}

// Command compare compares ways of making a model, over seeds.
//
//	compare encoders …            trains, scores, and prints a table: compare encoders --help
//	compare METRICS.JSON…         joins eval's reports on the models of scripts/compare.sh into a table
package main

import (
	"fmt"
	"os"

	"github.com/trident-nlp/trident/internal/cli"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "encoders" {
		os.Exit(cli.Main("compare encoders", help, &encoders{}, args[1:], cli.Standard()))
	}
	if err := compare(args, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

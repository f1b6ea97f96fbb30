// Command loop shows what reviews are worth: loop --help.
package main

import (
	"os"

	"github.com/trident-nlp/trident/internal/cli"
)

func main() {
	os.Exit(cli.Main("loop", help, &loop{}, os.Args[1:], cli.Standard()))
}

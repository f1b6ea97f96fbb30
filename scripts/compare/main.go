// Command compare trains models in several ways, over seeds, and compares them on calls that
// none of them has seen: compare --help.
package main

import (
	"os"

	"github.com/trident-nlp/trident/internal/cli"
)

func main() {
	os.Exit(cli.Main("compare", help(), &compare{}, os.Args[1:], cli.Standard()))
}

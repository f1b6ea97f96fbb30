package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// alsoTried names the missing files that were also looked up beside the configuration.
func (p dataPlan) alsoTried(missing []string) string {
	beside := 0
	for _, path := range missing {
		if p.beside(path) {
			beside++
		}
	}
	switch beside {
	case 0:
		return ""
	case len(missing):
		return ", then from the file's own folder"
	}
	return ", then, unless --set names them, from the file's own folder"
}

// provide generates demo data if files are missing and the configuration asks for it,
// and reports this on out.
func (p dataPlan) provide(ctx context.Context, out io.Writer) error {
	var missing []string
	for _, file := range p.files {
		if _, err := os.Stat(file.Path); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, file.Path)
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case !p.demo.Enabled():
		return fmt.Errorf("data is missing: %s; set the paths in the configuration (they are tried from the working directory%s), or make demo data with `go run ./cmd/datagen`",
			strings.Join(missing, ", "), p.alsoTried(missing))
	}
	dir := filepath.Dir(missing[0])
	for _, path := range missing {
		if !slices.Contains(synth.Files(dir), filepath.Clean(path)) {
			return fmt.Errorf("data is missing: %s; demo data would go to %s: name it there, or set data.generate to nothing",
				path, strings.Join(synth.Files(dir), ", "))
		}
	}
	for _, path := range synth.Files(dir) {
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("data is missing: %s, beside files that are there; remove those to have demo data made, or set data.generate to nothing",
				strings.Join(missing, ", "))
		}
	}
	summary, err := synth.WriteAll(ctx, dir, synth.Options{NER: p.demo.NER, Cases: p.demo.Cases, QA: p.demo.QA, Seed: p.demo.Seed, Short: p.demo.Short, Long: p.demo.Long}, nil)
	if err != nil {
		return fmt.Errorf("make demo data: %w", err)
	}
	fmt.Fprintf(out, "Made demo data in %s (%s): made-up calls, no real persons.\n", dir, summary.Elapsed.Round(100*time.Millisecond))
	return nil
}

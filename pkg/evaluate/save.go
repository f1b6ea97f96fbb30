package evaluate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/pkg/report"
)

// Save writes report.md, metrics.json, thresholds.json, the predictions and, if
// requested, the plots into dir, completely or not at all. It returns the names of these
// files and folders; dir may contain others. [Options.CheckOutput] refuses a dir in
// which unrelated files would be overwritten.
func (r *Result) Save(ctx context.Context, dir string, plots bool) (names []string, err error) {
	for _, m := range r.Models {
		if len(m.Outputs) != len(m.Reports) {
			return nil, fmt.Errorf("write the report: the outputs of %s aren't in memory: save what Run returns", m.Model)
		}
	}
	err = atomicdir.Replace(dir, func(tmp string) error {
		if err := r.write(ctx, tmp, plots); err != nil {
			return err
		}
		entries, err := os.ReadDir(tmp)
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return names, nil
}

// write writes all files. With several models, each has its own folder.
func (r *Result) write(ctx context.Context, dir string, plots bool) error {
	drawn := make([][][]string, len(r.Models))
	for i, folder := range r.folders() {
		for j := range r.Models[i].Reports {
			files, err := r.writeTask(ctx, dir, folder, i, j, plots)
			if err != nil {
				return err
			}
			drawn[i] = append(drawn[i], files)
		}
	}
	data, err := r.JSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "metrics.json"), data, 0o666); err != nil {
		return err
	}
	if best := r.BestThresholds(); len(best) > 0 {
		if data, err = indented(best); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "thresholds.json"), data, 0o666); err != nil {
			return err
		}
	}
	return writeTo(filepath.Join(dir, reportFile), func(w io.Writer) error { return r.markdown(w, drawn) })
}

// writeTask writes the predictions and the plots of a model's report; it returns the
// plots' paths in dir.
func (r *Result) writeTask(ctx context.Context, dir, folder string, model, task int, plots bool) (drawn []string, err error) {
	m := r.Models[model]
	made := m.Reports[task]
	if err := os.MkdirAll(filepath.Join(dir, folder), 0o777); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, folder, "predictions_"+made.Task+".csv")
	if err := writeTo(file, func(w io.Writer) error {
		return report.WritePredictions(w, m.Outputs[task], report.Options{Threshold: r.thresholds[made.Task]})
	}); err != nil {
		return nil, err
	}
	if !plots {
		return nil, nil
	}
	names, err := made.Plots(ctx, filepath.Join(dir, folder, "plots"))
	for _, name := range names {
		drawn = append(drawn, path.Join(folder, "plots", name))
	}
	return drawn, err
}

func writeTo(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}

// folders returns the folder of each model's files, all different; a single model's is
// the directory itself.
func (r *Result) folders() []string {
	if len(r.Models) == 1 {
		return []string{""}
	}
	var names []string
	for _, m := range r.Models {
		names = append(names, m.Model)
	}
	return folderNames(names)
}

// folderNames converts the models' names to folder names, all different.
func folderNames(models []string) []string {
	used := map[string]bool{}
	var list []string
	for _, model := range models {
		base := plainName(model)
		name := base
		for n := 2; used[name]; n++ {
			name = base + "-" + strconv.Itoa(n)
		}
		used[name] = true
		list = append(list, name)
	}
	return list
}

// plainName converts a candidate's name to one that links and MLflow accept unescaped:
// ASCII letters, digits, - and _.
func plainName(name string) string {
	plain := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '_'
	}, name), "_-")
	if plain == "" {
		plain = "model"
	}
	return plain[max(0, len(plain)-100):] // the end of a path is more specific than its beginning
}

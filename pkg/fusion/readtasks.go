package fusion

import (
	"fmt"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// ReadTasks returns the tasks of the model in dir, with their labels, without loading it: of
// the weights it reads only names and shapes.
func ReadTasks(dir string) ([]tasks.Task, error) {
	list, err := readTasks(atomicdir.Current(dir))
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", dir, err)
	}
	return list, nil
}

func readTasks(dir string) ([]tasks.Task, error) {
	file, err := openWeights(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	a, _, err := readArchitecture(dir, file)
	return a.Tasks, err
}

// Package mlmodel describes a model to MLflow, so that Python loads and serves it: the
// MLmodel file with the flavours python_function and onnx, and what it refers to.
//
// pkg/run writes [Files] beside the model that it saves, and logs both.
package mlmodel

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/trident-nlp/trident/internal/pymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Names of the files.
const (
	MLmodelFile      = "MLmodel"
	RequirementsFile = "requirements.txt"
	PythonEnvFile    = "python_env.yaml"
	ExampleFile      = "input_example.json"
	CodeFile         = codeFolder + "/" + module + ".py"
	WindowsFile      = codeFolder + "/" + pymodel.WindowsFile // used by CodeFile
)

// Folder is where training keeps these files in a model's own folder; in MLflow they are at
// its root.
const Folder = "mlflow"

// LoggedName is the name under which training logs a run's model.
const LoggedName = "checkpoint"

const (
	codeFolder = "code"
	module     = "trident_pyfunc"
)

// Versions that the tests run. ONNX Runtime and tokenizers are as in
// scripts/requirements.txt.
const (
	pythonVersion       = "3.11"
	onnxruntimeVersion  = "1.32.0"
	tokenizersVersion   = "0.23.3"
	onnxVersion         = "1.23.2"
	oldestMLflowVersion = "2.19" // the first with outputs of any type
)

//go:embed trident_pyfunc.py
var code []byte

// Logged says how a model is logged.
type Logged struct {
	RunID        string // of the MLflow run
	ArtifactPath string // of the model's folder among the run's artifacts
	Graph        string // path of the ONNX graph in the model's folder
	ModelHash    string // fusion.HashDir
	Scores       map[string]float64
	Example      string // a made-up call
	Created      time.Time
}

// Files returns the files that make a model's folder one of MLflow's, by their paths in it.
// The folder must have the graph, tokenizer.json and tokenizer_config.json.
func Files(a fusion.Architecture, l Logged) (map[string][]byte, error) {
	description, err := describe(a, l)
	if err != nil {
		return nil, fmt.Errorf("describe the model to MLflow: %w", err)
	}
	example, err := json.Marshal(map[string][]string{"inputs": {l.Example}})
	if err != nil {
		return nil, fmt.Errorf("describe the model to MLflow: %w", err)
	}
	requirements := fmt.Sprintf("mlflow>=%s\nnumpy\nonnx==%s\nonnxruntime==%s\ntokenizers==%s\n", oldestMLflowVersion, onnxVersion, onnxruntimeVersion, tokenizersVersion)
	return map[string][]byte{
		MLmodelFile:      description,
		RequirementsFile: []byte(requirements),
		PythonEnvFile:    fmt.Appendf(nil, "python: \"%s\"\nbuild_dependencies:\n- pip\ndependencies:\n- -r %s\n", pythonVersion, RequirementsFile),
		ExampleFile:      append(example, '\n'),
		CodeFile:         code,
		WindowsFile:      pymodel.Windows(),
	}, nil
}

// HistoryTag is the tag of a run with which MLflow's pages show its models.
const HistoryTag = "mlflow.log-model.history"

// History returns the value of [HistoryTag] for a run with one model, from its [MLmodelFile].
func History(description []byte) (string, error) {
	var model map[string]any
	err := yaml.Unmarshal(description, &model)
	if err == nil {
		var value []byte
		delete(model, "metadata")
		value, err = json.Marshal([]any{model})
		if err == nil {
			return string(value), nil
		}
	}
	return "", fmt.Errorf("tell MLflow of the model: %w", err)
}

// Hash returns the model's hash in an [MLmodelFile]; "" if it has none, because another
// program wrote it.
func Hash(description []byte) (string, error) {
	var model struct {
		Metadata struct {
			Hash string `yaml:"model_hash"`
		} `yaml:"metadata"`
	}
	if err := yaml.Unmarshal(description, &model); err != nil {
		return "", fmt.Errorf("read the model's description for MLflow: %w", err)
	}
	return model.Metadata.Hash, nil
}

// Origin returns what the MLmodel in a model's folder, says: the model's hash and the run that logged it.
// It returns "" for both if there is none.
func Origin(dir string) (hash, run string, err error) {
	for _, name := range []string{MLmodelFile, filepath.Join(Folder, MLmodelFile)} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var model description
		if err == nil {
			err = yaml.Unmarshal(text, &model)
		}
		if err != nil {
			return "", "", fmt.Errorf("read %s: %w", filepath.Join(dir, name), err)
		}
		hash, _ := model.Metadata["model_hash"].(string)
		return hash, model.RunID, nil
	}
	return "", "", nil
}

// description is the content of MLmodel.
type description struct {
	ArtifactPath string            `yaml:"artifact_path"`
	Flavors      map[string]any    `yaml:"flavors"`
	Metadata     map[string]any    `yaml:"metadata"`
	UUID         string            `yaml:"model_uuid"`
	RunID        string            `yaml:"run_id,omitempty"`
	Example      map[string]any    `yaml:"saved_input_example_info"`
	Signature    map[string]string `yaml:"signature"`
	Created      string            `yaml:"utc_time_created"`
}

func describe(a fusion.Architecture, l Logged) ([]byte, error) {
	outputs, err := outputsOf(a)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256([]byte(l.RunID + l.ModelHash))
	env := map[string]string{"virtualenv": PythonEnvFile}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	err = e.Encode(description{
		ArtifactPath: l.ArtifactPath,
		Flavors: map[string]any{
			"python_function": map[string]any{
				"loader_module": module, "code": codeFolder, "python_version": pythonVersion, "env": env,
			},
			"onnx": map[string]any{
				"data": l.Graph, "onnx_version": onnxVersion, "providers": []string{"CPUExecutionProvider"}, "code": codeFolder,
			},
		},
		Metadata:  map[string]any{"model_hash": l.ModelHash, "scores": l.Scores, "tasks": tasks.Names(a.Tasks)},
		UUID:      hex.EncodeToString(id[:16]),
		RunID:     l.RunID,
		Example:   map[string]any{"artifact_path": ExampleFile, "type": "json_object"},
		Signature: map[string]string{"inputs": `[{"type": "string", "required": true}]`, "outputs": outputs},
		Created:   l.Created.UTC().Format("2006-01-02 15:04:05.000000"),
	})
	return out.Bytes(), err
}

// outputsOf returns the schema of an answer: an object with the parts that the tasks have.
func outputsOf(a fusion.Architecture) (string, error) {
	type property struct {
		Type     string `json:"type"`
		Required bool   `json:"required"`
	}
	properties := map[string]property{"error": {"string", false}, "truncated": {"boolean", false}}
	for _, task := range a.Tasks {
		for _, part := range partsOf(task) {
			properties[part] = property{"any", false}
		}
	}
	schema, err := json.Marshal([]map[string]any{{"type": "object", "properties": properties, "required": true}})
	return string(schema), err
}

// partsOf returns the keys of a task's answer in infer's JSON.
func partsOf(task tasks.Task) []string {
	switch {
	case !tasks.BuiltIn(task):
		return []string{"tasks"}
	case task.PerToken():
		return []string{"ner", "entities"}
	case task.Kind == tasks.MultiClass:
		return []string{"classification"}
	}
	return []string{"qa"}
}

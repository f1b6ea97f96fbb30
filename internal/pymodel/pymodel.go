// Package pymodel has the Python files in a model's folder with which Hugging Face's
// transformers loads it, and what they share with pkg/mlmodel.
package pymodel

import _ "embed"

// Names of the files.
const (
	ConfigurationFile = "configuration_trident.py"
	ModelingFile      = "modeling_trident.py"
	WindowsFile       = "trident_windows.py"
)

//go:embed configuration_trident.py
var configuration []byte

//go:embed modeling_trident.py
var modeling []byte

//go:embed trident_windows.py
var windows []byte

// Windows is the content of [WindowsFile]: how long calls are cut into windows.
func Windows() []byte { return windows }

// Files are the files that transformers needs, by name.
func Files() map[string][]byte {
	return map[string][]byte{ConfigurationFile: configuration, ModelingFile: modeling, WindowsFile: windows}
}

// AutoMap is the "auto_map" of config.json for a model type of Hugging Face's, distilbert
// or bert: the classes in these files.
func AutoMap(modelType string) map[string]string {
	class := "TridentDistilBert"
	if modelType == "bert" {
		class = "TridentBert"
	}
	return map[string]string{"AutoConfig": "configuration_trident." + class + "Config", "AutoModel": "modeling_trident." + class + "Model"}
}

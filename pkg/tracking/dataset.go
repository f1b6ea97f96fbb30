package tracking

import (
	"encoding/json"
)

const (
	datasetSourceType = "local"
	tagDatasetContext = "mlflow.data.context"
)

// sourceJSON is the form that MLflow keeps a source in.
func (d Dataset) sourceJSON() string {
	text, _ := json.Marshal(map[string]string{"uri": d.Source}) // strings cannot fail
	return string(text)
}

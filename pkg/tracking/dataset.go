package tracking

import (
	"encoding/json"
)

const (
	datasetSourceType = "local"
	tagDatasetContext = "mlflow.data.context"
)

// sourceJSON returns MLflow's form of a source.
func (d Dataset) sourceJSON() string {
	text, _ := json.Marshal(map[string]string{"uri": d.Source}) // can't fail for strings
	return string(text)
}

package tracking

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
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

// FileDigest is the first half of a file's SHA-256 in hex, for Dataset.Digest.
func FileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("digest of a data set: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("digest of %s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16]), nil
}

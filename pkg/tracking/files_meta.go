package tracking

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"gopkg.in/yaml.v3"
)

const metaFile = "meta.yaml"

// meta is the content of a meta.yaml. Unknown fields survive a change.
type meta map[string]any

// text returns a field as MLflow reads an id or a name, also if it is unquoted and
// looks like a number.
func (m meta) text(field string) string {
	if value := m[field]; value != nil {
		return fmt.Sprint(value)
	}
	return ""
}

func readMeta(folder string) (meta, error) {
	data, err := os.ReadFile(filepath.Join(folder, metaFile))
	if err != nil {
		return nil, err
	}
	var m meta
	if err := yaml.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(folder, metaFile), err)
	}
	return m, nil
}

// writeMeta replaces a meta.yaml. Every string is quoted: otherwise a run id of
// digits would be read as a number.
func writeMeta(folder string, m meta) error {
	var node yaml.Node
	err := node.Encode(map[string]any(m))
	if err == nil {
		quoteStrings(&node)
		var data []byte
		if data, err = yaml.Marshal(&node); err == nil {
			err = renameio.WriteFile(filepath.Join(folder, metaFile), data, 0o666, renameio.WithTempDir(folder))
		}
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Join(folder, metaFile), err)
	}
	return nil
}

func quoteStrings(node *yaml.Node) {
	for i, child := range node.Content {
		isKey := node.Kind == yaml.MappingNode && i%2 == 0
		if child.Kind == yaml.ScalarNode && child.Tag == "!!str" && !isKey {
			child.Style = yaml.DoubleQuotedStyle
		}
		quoteStrings(child)
	}
}

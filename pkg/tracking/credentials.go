package tracking

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// credentials is a user name and password for a server's basic auth.
type credentials struct{ username, password string }

// readCredentials reads ~/.mlflow/credentials below home; a missing or
// unreadable file holds no credentials.
func readCredentials(home string) credentials {
	file, err := os.Open(filepath.Join(home, ".mlflow", "credentials"))
	if err != nil {
		return credentials{}
	}
	defer file.Close()
	return parseCredentials(file)
}

// parseCredentials reads the [mlflow] section of an INI file as Python's
// configparser does: case-insensitive keys, "=" or ":" after them, whole-line
// comments with # or ;.
func parseCredentials(r io.Reader) credentials {
	var found credentials
	section := ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			section, _, _ = strings.Cut(name, "]")
			continue
		}
		separator := strings.IndexAny(line, "=:")
		if section != "mlflow" || separator < 0 {
			continue
		}
		value := strings.TrimSpace(line[separator+1:])
		switch strings.ToLower(strings.TrimSpace(line[:separator])) {
		case "mlflow_tracking_username":
			found.username = value
		case "mlflow_tracking_password":
			found.password = value
		}
	}
	return found
}

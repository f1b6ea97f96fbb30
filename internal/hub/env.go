package hub

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// FromEnv returns a client configured by Hugging Face's environment variables:
// HF_HUB_CACHE, HF_HOME and XDG_CACHE_HOME set the cache, HF_ENDPOINT the hub,
// HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE disable network access. The token is HF_TOKEN,
// or the one that `hf auth login` stored in HF_TOKEN_PATH or the folder HF_HOME.
func FromEnv() (*Client, error) {
	home, err := expand(first("HF_HOME"))
	if err != nil {
		return nil, err
	}
	if home == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if base == "" {
			base = "~/.cache"
		}
		if home, err = expand(filepath.Join(base, "huggingface")); err != nil {
			return nil, err
		}
	}
	cache, err := expand(first("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"))
	if err != nil {
		return nil, err
	}
	if cache == "" {
		cache = filepath.Join(home, "hub")
	}
	endpoint := strings.TrimRight(first("HF_ENDPOINT"), "/")
	if endpoint == "" {
		endpoint = "https://huggingface.co"
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("HF_ENDPOINT: want an address such as https://huggingface.co")
	}
	token, err := findToken(home)
	if err != nil {
		return nil, err
	}
	return &Client{
		Endpoint: endpoint, Cache: cache, Token: token,
		Offline: isTrue(first("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")),
		limits:  patience,
	}, nil
}

// first returns the value of the first variable that is set.
func first(names ...string) string {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}

func isTrue(value string) bool {
	return slices.Contains([]string{"1", "ON", "YES", "TRUE"}, strings.ToUpper(value))
}

// expand fills in variables and a leading ~.
func expand(path string) (string, error) {
	path = os.ExpandEnv(path)
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || rest != "" && rest[0] != '/' {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the Hugging Face cache: %w; set HF_HOME", err)
	}
	return filepath.Join(home, rest), nil
}

func findToken(home string) (string, error) {
	if token := strings.TrimSpace(first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")); token != "" {
		return token, nil
	}
	if isTrue(os.Getenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		return "", nil
	}
	path, err := expand(os.Getenv("HF_TOKEN_PATH"))
	if err != nil {
		return "", err
	}
	if path == "" {
		path = filepath.Join(home, "token")
	}
	data, err := os.ReadFile(path)
	if err != nil { // missing or unreadable: public models need no token
		return "", nil
	}
	return strings.TrimSpace(string(data)), nil
}

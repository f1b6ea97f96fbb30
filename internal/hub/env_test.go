package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFromEnv(t *testing.T) {
	home := t.TempDir()
	leave(t, filepath.Join(home, ".cache", "huggingface", "token"), []byte("hf_file\n"))
	leave(t, filepath.Join(home, "elsewhere"), []byte("hf_elsewhere"))
	cache := filepath.Join(home, ".cache", "huggingface", "hub")
	const hub = "https://huggingface.co"
	for name, tc := range map[string]struct {
		env  map[string]string
		want Client
	}{
		"nothing":            {nil, Client{Endpoint: hub, Cache: cache, Token: "hf_file"}},
		"cache":              {map[string]string{"HF_HUB_CACHE": "/c", "HF_HOME": "/h"}, Client{Endpoint: hub, Cache: "/c"}},
		"old name of cache":  {map[string]string{"HUGGINGFACE_HUB_CACHE": "~/c"}, Client{Endpoint: hub, Cache: home + "/c", Token: "hf_file"}},
		"home":               {map[string]string{"HF_HOME": "$HOME/h"}, Client{Endpoint: hub, Cache: home + "/h/hub"}},
		"XDG":                {map[string]string{"XDG_CACHE_HOME": "/x"}, Client{Endpoint: hub, Cache: "/x/huggingface/hub"}},
		"endpoint":           {map[string]string{"HF_ENDPOINT": "http://mirror:8080/hf/"}, Client{Endpoint: "http://mirror:8080/hf", Cache: cache, Token: "hf_file"}},
		"token":              {map[string]string{"HF_TOKEN": " hf_x\n"}, Client{Endpoint: hub, Cache: cache, Token: "hf_x"}},
		"token's file":       {map[string]string{"HF_TOKEN_PATH": "~/elsewhere"}, Client{Endpoint: hub, Cache: cache, Token: "hf_elsewhere"}},
		"no token unasked":   {map[string]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, Client{Endpoint: hub, Cache: cache}},
		"offline":            {map[string]string{"HF_HUB_OFFLINE": "1"}, Client{Endpoint: hub, Cache: cache, Token: "hf_file", Offline: true}},
		"offline otherwise":  {map[string]string{"TRANSFORMERS_OFFLINE": "yes"}, Client{Endpoint: hub, Cache: cache, Token: "hf_file", Offline: true}},
		"online, explicitly": {map[string]string{"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"}, Client{Endpoint: hub, Cache: cache, Token: "hf_file"}},
	} {
		t.Run(name, func(t *testing.T) {
			clearEnv(t, home)
			for key, value := range tc.env {
				t.Setenv(key, value)
			}
			got, err := FromEnv()
			if err != nil {
				t.Fatal(err)
			}
			if got.Endpoint != tc.want.Endpoint || got.Cache != tc.want.Cache || got.Token != tc.want.Token || got.Offline != tc.want.Offline {
				t.Errorf("got %+v, want %+v", *got, tc.want)
			}
		})
	}
	for _, bad := range []string{"huggingface.co", "ftp://x", "https://", "https://user:secret@ x"} {
		clearEnv(t, home)
		t.Setenv("HF_ENDPOINT", bad)
		if _, err := FromEnv(); err == nil || !strings.Contains(err.Error(), "HF_ENDPOINT") || strings.Contains(err.Error(), "secret") {
			t.Errorf("HF_ENDPOINT=%s: error %v", bad, err)
		}
	}
}

// clearEnv leaves nothing set that the client reads but a home.
func clearEnv(t *testing.T, home string) {
	t.Helper()
	for _, pair := range os.Environ() {
		key, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(key, "HF_") || strings.HasPrefix(key, "HUGGING") || key == "TRANSFORMERS_OFFLINE" || key == "XDG_CACHE_HOME" {
			t.Setenv(key, "")
		}
	}
	t.Setenv("HOME", home)
}

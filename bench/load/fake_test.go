package main

import (
	"fmt"
	"net/http"
	"os"
	"testing"
)

// asServer makes of the test program a server of the kind that it names.
const asServer = "TRIDENT_TEST_LOAD_SERVER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(asServer); kind != "" {
		os.Exit(serveFake(kind, os.Args[1]))
	}
	os.Exit(m.Run())
}

// fake is the command of such a server.
func fake(t *testing.T, kind string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("env %s=%s '%s' {address}", asServer, kind, program)
}

// predictions are what kinds of servers answer.
var predictions = map[string]string{
	"good":  `{"predictions": [{"ner": [{"label": "O"}], "classification": {"main_category": "GBV"}, "qa": {"opening": [1]}}]}`,
	"other": `{"predictions": [{"ner": [{"label": "AGE"}], "classification": {"main_category": "VANE"}, "qa": {"opening": [0]}}]}`,
	"more":  `{"predictions": [{"ner": [{"label": "O"}], "classification": {"main_category": "GBV"}, "qa": {"listening": [1, 0, 0, 1]}}]}`,
	"empty": `{"predictions": []}`,
}

func serveFake(kind, address string) int {
	if kind == "broken" {
		return 3
	}
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "process_resident_memory_bytes 3000000")
	})
	http.HandleFunc("/v1/predict", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, predictions[kind]) })
	fmt.Fprintln(os.Stderr, http.ListenAndServe(address, nil))
	return 1
}

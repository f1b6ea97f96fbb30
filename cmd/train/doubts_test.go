package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// smallConfig is a run of seconds on data.jsonl or what --set says.
const smallConfig = `
task: ner
backbone: {init: random, dropout: 0, size: {dim: 16, layers: 1, heads: 2, hidden_dim: 32}}
data: {ner_path: data.jsonl, test_size: 0.2, stratify: ""}
tokenizer: {max_length: 64, padding: longest, vocab_size: 200}
training: {num_epochs: 1, batch_size: 4, learning_rate: 1.0e-3}
output: {model_dir: out}
mlflow: {enabled: false}
`

// smallRun prepares smallConfig with data files and returns what to run.
func smallRun(t *testing.T, files map[string]string) []string {
	t.Helper()
	t.Chdir(t.TempDir())
	files["small.yaml"] = smallConfig
	for name, content := range files {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"--config", "small.yaml"}
}

// What is doubtful in a whole file is told by training and by --check-data.
func TestDoubtsAreWarnedOf(t *testing.T) {
	record := func(entities string) string { return `{"text": "📞 Amina calls from Kisumu."` + entities + "}\n" }
	shifted := record(`, "entities": [{"start": 3, "end": 8, "label": "NAME"}, {"start": 20, "end": 26, "label": "LOCATION"}]`)
	args := smallRun(t, map[string]string{"data.jsonl": strings.Repeat(shifted, 9) + record("")})
	const absent = `task ner: 1 of 10 records have no field "entities": they count as records that have no entity`
	const beside = "task ner: 18 of 18 spans (100 %) don't begin and end where words do, but would if their offsets counted UTF-16 units"
	code, _, stderr := command(append(args, "--dry-run")...)
	if code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	mustContain(t, stderr, "train: warning: data.jsonl: "+absent+"\n", "train: warning: data.jsonl: "+beside)
	stdout := mustRun(t, append(args, "--check-data")...)
	mustContain(t, stdout, "  warning    "+absent+"\n", "  warning    "+beside, "    18 spans, of which 18 begin or end inside a word\n", "problems   none")
	if strings.Contains(stdout+stderr, "Amina") {
		t.Error("a transcript was printed")
	}
}

func TestFieldsThatNoRecordHas(t *testing.T) {
	args := smallRun(t, map[string]string{"data.jsonl": strings.Repeat(`{"id": 0, "text": "Amina calls.", "label": [[0, 5, "NAME"]]}`+"\n", 10)})
	for _, more := range []string{"--check-data", "--dry-run", "--skip-bad-records"} {
		code, stdout, stderr := command(append(args, more)...)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "Amina") {
			t.Errorf("%s: exit code %d, %q, %q; want 1 and one line", more, code, stdout, stderr)
		}
		mustContain(t, stderr, `train: read data: data.jsonl: no record has a value in the field "entities", which task ner needs; the records have "id", "label", "text"`)
	}
}

func TestAllRecordsAreTooLong(t *testing.T) {
	long := `{"text": "` + strings.Repeat("Amina calls. ", 40) + `", "entities": [{"start": 0, "end": 5, "label": "NAME"}], "mood": "calm"}` + "\n"
	args := smallRun(t, map[string]string{"data.jsonl": strings.Repeat(long, 12)})
	const want = "all 12 records are longer than 64 tokens (tokenizer.max_length)"
	code, _, stderr := command(args...)
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	mustContain(t, stderr, "train: split data.jsonl: "+want)
	code, stdout, _ := command(append(args, "--check-data")...)
	if code != 1 {
		t.Errorf("--check-data: exit code %d", code)
	}
	mustContain(t, stdout, "  split      "+want)

	// Cut for another task, they teach the token task nothing.
	both := "tasks=[{use: ner}, {name: mood, kind: multiclass, file: data.jsonl, heads: [{name: mood}]}]"
	code, _, stderr = command(append(args, "--set", "task=multitask", "--set", both)...)
	if code != 1 {
		t.Errorf("two tasks: exit code %d, %s", code, stderr)
	}
	mustContain(t, stderr, "task ner: "+want+", and a cut record doesn't teach it")

	// Where a few are left, the others are counted.
	if err := os.WriteFile("data.jsonl", []byte(strings.Repeat(long, 12)+`{"text": "x", "entities": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, stderr = command(args...)
	mustContain(t, stderr, "test_size 0.2 of 1 records leaves nothing on one side", "; 12 others are longer than 64 tokens (tokenizer.max_length)")
}

// A model learns from a table what it learns from JSON.
func TestTrainOnTables(t *testing.T) {
	const (
		row    = "\"Hello %02d.\r\nAmina calls from Kisumu.\"\t" + `"[{""start"": 11, ""end"": 16, ""label"": ""NAME""}, {""start"": 28, ""end"": 34, ""label"": ""LOCATION""}]"` + "\r\n"
		record = `{"text": "Hello %02d.\r\nAmina calls from Kisumu.", "entities": [{"start": 11, "end": 16, "label": "NAME"}, {"start": 28, "end": 34, "label": "LOCATION"}]}` + "\n"
	)
	rows, records := "text\tentities\r\n", ""
	for i := range 20 {
		rows += fmt.Sprintf(row, i)
		records += fmt.Sprintf(record, i)
	}
	args := smallRun(t, map[string]string{"data.jsonl": records, "data.tsv": rows})
	var weights []string
	for _, file := range []string{"data.jsonl", "data.tsv"} {
		mustRun(t, append(args, "--set", "data.ner_path="+file, "--set", "output.model_dir=out_"+file)...)
		data, err := os.ReadFile("out_" + file + "/model.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		weights = append(weights, string(data))
	}
	if weights[0] != weights[1] {
		t.Error("the weights differ")
	}
}

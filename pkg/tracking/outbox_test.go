package tracking

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestOutbox(t *testing.T) {
	dir := t.TempDir() + "/outbox"
	header := outboxHeader{Outbox: outboxVersion, URI: "http://host", Experiment: "1", Run: "abc", ArtifactURI: "mlflow-artifacts:/1/abc", Started: 5}
	box, err := createOutbox(dir, header)
	if err != nil {
		t.Fatal(err)
	}
	records := []record{
		{Seq: 1, Time: 10, Params: map[string]string{"p": "kwa heri\n"}},
		{Seq: 2, Time: 11, Metrics: map[string]float64{"m": 0.1}, Step: 3},
		{Seq: 3, Time: 12, Artifact: &artifact{File: "/x", Dir: "checkpoint"}},
		{Seq: 4, Time: 12, Input: &Dataset{Name: "d", Digest: "1"}},
		{Seq: 5, Time: 13, Status: Finished},
	}
	for _, r := range records {
		if err := box.append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.ack([]int64{1, 4}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openOutbox(box.path); err == nil {
		t.Fatal("opened twice")
	} else {
		wantError(t, err, ErrOutboxBusy, box.path)
	}
	if err := box.close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(box.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	whole := readText(t, box.path)
	tear(t, box.path, `{"seq": 6, "ms": 14, "tags": {"`)

	again, content, err := openOutbox(box.path)
	if err != nil {
		t.Fatal(err)
	}
	want := outboxContent{
		header: header, records: records, pending: []record{records[1], records[2], records[4]},
		lastSeq: 5, lastMs: 13, status: records[4], size: int64(len(whole)),
	}
	if !reflect.DeepEqual(content, want) {
		t.Errorf("content\n%+v, want\n%+v", content, want)
	}
	if err := again.append(record{Seq: 6, Tags: map[string]string{"t": "1"}}); err != nil {
		t.Fatal(err)
	}
	if got := readText(t, box.path); got != whole+`{"seq":6,"ms":0,"tags":{"t":"1"}}`+"\n" {
		t.Errorf("after a torn line: %q", got)
	}
	if err := again.remove(); err != nil || fileExists(dir) {
		t.Errorf("error %v, folder there: %v", err, fileExists(dir))
	}
	_, _, err = openOutbox(box.path)
	wantError(t, err, fs.ErrNotExist)
}

func TestReadOutboxDamage(t *testing.T) {
	const head = `{"outbox":1,"uri":"http://h","run_id":"r"}` + "\n"
	for name, test := range map[string]struct {
		text    string
		tells   string // the error, if any
		pending int
		damaged int
	}{
		"empty":               {"", "first line", 0, 0},
		"torn header":         {head[:len(head)-1], "first line", 0, 0},
		"not an outbox":       {"hello\n", "first line", 0, 0},
		"of the future":       {`{"outbox":2}` + "\n", "format 2", 0, 0},
		"header only":         {head, "", 0, 0},
		"damage in between":   {head + `{"seq":1,"tags":{"a":"b"}}` + "\nx\n\n{}\n" + `{"seq":2}` + "\n", "", 2, 2},
		"an ack of the other": {head + `{"seq":1}` + "\n" + `{"ack":[2]}` + "\n", "", 1, 0},
		"torn end":            {head + `{"seq":1}` + "\n" + `{"seq":2}`, "", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			content, err := readOutbox(strings.NewReader(test.text))
			if (err != nil) != (test.tells != "") || err != nil && !strings.Contains(err.Error(), test.tells) {
				t.Fatalf("error %v", err)
			}
			if len(content.pending) != test.pending || content.damaged != test.damaged {
				t.Errorf("%d pending, %d damaged", len(content.pending), content.damaged)
			}
		})
	}
}

func FuzzReadOutbox(f *testing.F) {
	f.Add([]byte(`{"outbox":1,"uri":"http://h","run_id":"r"}` + "\n" + `{"seq":1,"ms":2,"metrics":{"m":0.5},"step":3}` + "\n" + `{"ack":[1]}` + "\n" + `{"seq":2,"st`))
	f.Add([]byte("{\"outbox\":1}\n{\"seq\":1,\"artifact\":{}}\n{\"seq\":-1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		content, err := readOutbox(bytes.NewReader(data))
		if err != nil {
			return
		}
		if content.size > int64(len(data)) || data[content.size-1] != '\n' || len(content.pending) > len(content.records) {
			t.Errorf("%d of %d bytes, %d of %d records", content.size, len(data), len(content.pending), len(content.records))
		}
		// What was read can be written and read again.
		box := bytes.NewBuffer(nil)
		for _, line := range append([]any{content.header}, anys(content.pending)...) {
			text, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			box.Write(append(text, '\n'))
		}
		again, err := readOutbox(box)
		if err != nil || len(again.pending) != len(content.pending) || again.damaged > 0 {
			t.Errorf("again: error %v, %d pending of %d, %d damaged", err, len(again.pending), len(content.pending), again.damaged)
		}
	})
}

func anys(records []record) []any {
	var out []any
	for _, r := range records {
		out = append(out, r)
	}
	return out
}

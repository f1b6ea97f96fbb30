package label

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// With --mark-bad-records each line has an answer, also one that can't be read.
func TestMarkedRecords(t *testing.T) {
	long := strings.Repeat("x", maxRecord+1<<17)
	for name, test := range map[string]struct {
		format, input string
		want          string
		err           string
	}{
		"lines":        {"lines", "one\n\n \r\ntwo\n\n", "one|line 2: the text is empty|line 3: the text is empty|two|line 5: the text is empty", ""},
		"lines, none":  {"lines", "", "", ""},
		"long lines":   {"lines", "one\n" + long + "\ntwo\n" + long, "one|line 2: " + errTooLong.Error() + "|two|line 4: " + errTooLong.Error(), ""},
		"jsonl":        {"jsonl", `{"text":"one"}` + "\n\n{\n" + `{"id":7,"text":" "}` + "\n" + `{"id":"a"}` + "\n" + `{"text":"two"}`, "one|line 2: the line is empty|line 3: broken JSON at byte 1|7 line 4: the text is empty|a line 5: there is no field text or narrative|two", ""},
		"invisible":    {"lines", "one\n\u200b\ntwo\n", "one|line 2: the text is empty|two", ""},
		"json":         {"json", `[{"text":"one"},3,{"text":"two"}]`, "one|record 2: want an object with a field text or narrative|two", ""},
		"json, broken": {"json", `[{"text":"one"},{"text":SECRET},{"text":"two"}]`, "one", "record 2: broken JSON"},
		"csv":          {"csv", "id,text\n1,one\n2,SECRET,x\n3,\n4,two\n", "1 one|line 3: wrong number of fields|3 line 4: the text is empty|4 two", ""},
		"csv, broken":  {"csv", "id,text\n1,one\n2,\"SECRET\"x\n4,two\n", "1 one", `line 3: extraneous or missing " in quoted-field`},
		"UTF-16":       {"jsonl", "\xff\xfeh\x00i\x00", "", "this is UTF-16; save it as UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			how := reading{format: test.format, marks: true}
			all, err := readAll(named("in", readInput(strings.NewReader(test.input), how), how))
			var got []string
			for _, r := range all {
				text := string(r.text)
				if r.problem != nil {
					text = strings.TrimPrefix(r.problem.Error(), "in: ")
				}
				if r.id != nil {
					text = fmt.Sprint(r.id, " ", text)
				}
				got = append(got, text)
			}
			message := ""
			if err != nil {
				message = strings.TrimPrefix(err.Error(), "in: ")
			}
			if strings.Join(got, "|") != test.want || message != test.err {
				t.Errorf("got %q, %q; want %q, %q", got, message, test.want, test.err)
			}
		})
	}
}

// A failing disk is no bad record.
func TestMarksKeepReadErrors(t *testing.T) {
	for _, format := range []string{"lines", "jsonl", "csv", "json"} {
		how := reading{format: format, marks: true}
		in := io.MultiReader(strings.NewReader(map[string]string{"json": "[", "csv": "text\nx\n"}[format]), iotest.ErrReader(io.ErrClosedPipe))
		if _, err := readAll(named("in", readInput(in, how), how)); err == nil || !strings.HasSuffix(err.Error(), io.ErrClosedPipe.Error()) {
			t.Errorf("%s: error %v", format, err)
		}
	}
}

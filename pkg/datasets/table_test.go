package datasets

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// A table gives the records that JSON does.
func TestTablesEqualJSON(t *testing.T) {
	for name, c := range map[string]struct {
		task  tasks.Task
		table string // with commas
		json  string
	}{
		"spans": {
			builtIn()["ner"],
			"id,text,entities\r\n" +
				`1,"Amina` + "\r\n" + `of ""Kisumu"", here","[{""start"": 0, ""end"": 5, ""label"": ""NAME""}, {""start"": 11, ""end"": 17, ""label"": ""LOCATION""}]"` + "\r\n\r\n" +
				`2,Sina jina,[]` + "\r\n" + `3,Sina,` + "\r\n",
			`{"text": "Amina\r\nof \"Kisumu\", here", "entities": [{"start": 0, "end": 5, "label": "NAME"}, {"start": 11, "end": 17, "label": "LOCATION"}]}
			{"text": "Sina jina", "entities": []}
			{"text": "Sina"}`,
		},
		"classes": {
			builtIn()["cls"],
			"narrative, category ,intervention,priority,victim.age\nAmina,Other,Referral,1,5\nx,Bullying,,2,\n",
			`{"narrative": "Amina", "category": "Other", "intervention": "Referral", "priority": 1}
			{"narrative": "x", "category": "Bullying", "priority": "2"}`,
		},
		"criteria in an object": {
			builtIn()["qa"],
			"text,labels\n" + `x,"{""opening"": [1], ""listening"": [1, 0, 1, 0, 1], ""proactiveness"": [0, 0, 1], ""resolution"": [], ""hold"": [""No hold was required""], ""closing"": [0]}"` + "\n",
			`{"text": "x", "labels": {"opening": [1], "listening": [1, 0, 1, 0, 1], "proactiveness": [0, 0, 1], "resolution": [], "hold": ["No hold was required"], "closing": [0]}}`,
		},
		"criteria in columns": {
			builtIn()["qa"],
			"text,labels.opening,labels.listening,labels.proactiveness,labels.resolution,labels.hold,labels.closing\n" + `x,TRUE,"[1, 0, 1, 0, 1]","[""yes"", ""no"", 1]",0,No hold was required,nein` + "\n",
			`{"text": "x", "labels": {"opening": [1], "listening": [1, 0, 1, 0, 1], "proactiveness": [1, 0, 1], "resolution": [0], "hold": "No hold was required", "closing": [0]}}`,
		},
		"own classes": {
			mood(t),
			"text,caller,reporter.gender\nx,calm,male\ny,,female\n",
			`{"text": "x", "caller": "calm", "reporter": {"gender": "male"}}
			{"text": "y", "reporter": {"gender": "female"}}`,
		},
		"own labels": {
			topics(t, "a", "b"),
			"text,topics\n" + `x,"[""a""]"` + "\n" + `y,"[0, 1]"` + "\n" + `z,"{""a"": ""yes"", ""b"": ""yes""}"` + "\n",
			`{"text": "x", "topics": ["a"]}
			{"text": "y", "topics": [0, 1]}
			{"text": "z", "topics": {"a": 1, "b": 1}}`,
		},
		"a text with other separators": {
			mood(t),
			"caller,text,reporter.gender\ncalm,\"a;b\tc,d\",male\n",
			`{"caller": "calm", "text": "a;b\tc,d", "reporter": {"gender": "male"}}`,
		},
	} {
		want := mustLoad(t, c.json, c.task)
		tables := map[string]string{"data.csv": c.table, "data": c.table, "mark.csv": "\xef\xbb\xbf" + c.table}
		if !strings.ContainsAny(c.table, ";\t") && !strings.Contains(c.table, ", ") { // no comma is in a cell
			tables["data.tsv"] = strings.ReplaceAll(c.table, ",", "\t")
			tables["semicolons.csv"] = strings.ReplaceAll(c.table, ",", ";")
		}
		for file, content := range tables {
			got, err := Load(t.Context(), Source{Path: write(t, file, content), Tasks: []tasks.Task{c.task}})
			if err != nil {
				t.Errorf("%s, %s: %v", name, file, err)
				continue
			}
			if !reflect.DeepEqual(got.Texts, want.Texts) || !reflect.DeepEqual(got.labels, want.labels) || !reflect.DeepEqual(got.Tasks, want.Tasks) {
				t.Errorf("%s, %s: got %v, want %v", name, file, got.labels, want.labels)
			}
			if !reflect.DeepEqual(got.Warnings, want.Warnings) {
				t.Errorf("%s, %s: warnings %q, want %q", name, file, got.Warnings, want.Warnings)
			}
		}
	}
}

func TestBadTables(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"another name":       {"id,Text,label\n1,Amina,x\n", `line 1: this looks like CSV, but has no column "text"; its columns are "id", "Text", "label"; nothing after that can be read`},
		"no header":          {"Amina,Kisumu\nx,y\n", `line 1: this looks like CSV, but has no column "text"; its first line must name the columns`},
		"no entities":        {"text,label\nAmina,\n", `no record has a value in the field "entities", which task ner needs; the records have "text"`},
		"two columns":        {"text,id,text\nx,1,Amina\n", `line 1: two columns have the name "text"`},
		"too few cells":      {"text,entities\nx,[]\nAmina\n", "record 2, line 3: 1 cells, but there are 2 columns"},
		"too many cells":     {"text,entities\n\"x\r\ny\",[]\nx,[],,Amina\n", "record 2, line 4: 4 cells, but there are 2 columns"},
		"no quote":           {"text,entities\nx,[]\n\"Amina,[]\ny,[]\n", "line 3: not valid CSV: in the row that begins here a closing quote is missing, or something stands behind one; nothing after that can be read"},
		"another encoding":   {"text,entities\nx,[]\nKam\xe9,[]\n", "record 2, line 3: not valid UTF-8"},
		"an encoding on top": {"text,entit\xe9s\nx,[]\n", "line 1: the header isn't valid UTF-8"},
		"Python's str":       {"text,entities\nx,[]\nAmina,\"[{'start': 0, 'end': 5, 'label': 'NAME'}]\"\n", `record 2, line 3: field "entities" holds a string that holds no JSON list; it looks like Python's str(): write it with json.dumps`},
		"no list":            {"text,entities\nx,[]\nAmina,Amina\n", `record 2, line 3: field "entities" holds a JSON string, want an array`},
		"no text":            {"text,entities\nx,[]\n\" \n\",[]\n", "record 2, line 3: text is empty"},
		"a header alone":     {"text,entities\n", "holds no records"},
		"a span too long":    {"text,entities\nx,[]\nAmina,\"[{\"\"start\"\": 0, \"\"end\"\": 6, \"\"label\"\": \"\"NAME\"\"}]\"\n", "record 2, line 3: entity 1: span [0, 6) isn't inside"},
	} {
		_, err := Load(t.Context(), Source{Path: write(t, "data.csv", c.content), Tasks: []tasks.Task{builtIn()["ner"]}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "data.csv") || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error holds a text: %v", name, err)
		}
	}
	// Without the file's name it shows in the first line.
	for content, want := range map[string]string{
		"id,Text,label\n1,Amina,x\n":                  "looks like CSV",
		"Text\tEntities\nAmina\t[]\n":                 `its columns are "Text", "Entities"`,
		"bad, line\n{\"text\": \"x\"}\n":              "not valid JSON",
		"Amina said, and said again: so it is, yes\n": "not valid JSON",
	} {
		_, err := load(t, content, builtIn()["ner"])
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: got error %v, want one that says %q", content, err, want)
		}
	}
}

// Rows that can't be used can be left out, but for one that has no end.
func TestSkipBadRows(t *testing.T) {
	const content = "text,entities\nx,[]\nAmina\n,[]\ny,[]\n"
	r, err := Load(t.Context(), Source{Path: write(t, "data.csv", content), Tasks: []tasks.Task{builtIn()["ner"]}, SkipBad: true})
	if err != nil || r.Problems.Total() != 2 || len(r.Texts) != 4 || !r.Usable(1) || r.Usable(2) || r.Usable(3) || !r.Usable(4) {
		t.Errorf("got %d records, %+v, %v", len(r.Texts), r.Problems, err)
	}
}

// A quote that doesn't end isn't kept in memory.
func TestRowTooLong(t *testing.T) {
	content := "text,entities\nx,[]\n\"" + strings.Repeat("Amina, ", maxRecord/3)
	r, err := Load(t.Context(), Source{Path: write(t, "data.csv", content), Tasks: []tasks.Task{builtIn()["ner"]}})
	if want := "line 3: a row longer than 16 MiB, as if a closing quote were missing; nothing after that can be read"; err == nil || !strings.HasSuffix(err.Error(), want) || len(r.Texts) != 1 {
		t.Errorf("got %d records, %v; want %q", len(r.Texts), err, want)
	}
	row := `"` + strings.Repeat("Amina, ", maxRecord/10) + "\",[]\n"
	if r, err := Load(t.Context(), Source{Path: write(t, "data.csv", "text,entities\n"+strings.Repeat(row, 3)), Tasks: []tasks.Task{builtIn()["ner"]}}); err != nil || len(r.Texts) != 3 {
		t.Errorf("long rows: got %d records, %v", len(r.Texts), err)
	}
}

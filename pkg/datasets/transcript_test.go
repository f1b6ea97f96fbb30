package datasets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestTranscriptNeverPrintsItself(t *testing.T) {
	const secret = "Amina wa Kisumu é😀"
	text := Transcript(secret)
	ner := NERRecord{Text: text, Entities: []Entity{{0, 5, "NAME"}}}
	call := CaseRecord{Narrative: text, Victim: Victim{FirstName: "Amina"}}
	qa := QARecord{Text: text}
	all := Records{Texts: []Transcript{text, text}}
	var printed []string
	for _, verb := range strings.Split("v,+v,#v,s,q,x,X,d,T%[1]v,t,U,c,b,o,e,10.3s", ",") {
		printed = append(printed, fmt.Sprintf("%"+verb, text), fmt.Sprintf("%"+verb, qa))
	}
	printed = append(printed,
		fmt.Sprint(text), fmt.Sprintln(text), fmt.Errorf("read %v: %s", ner, text).Error(),
		fmt.Sprintf("%+v %v", ner, []Transcript{text}), fmt.Sprintf("%#v", &ner),
		fmt.Sprintf("%+v", map[Transcript]bool{text: true}), fmt.Sprintf("%+v %#v", all, all),
	)
	for _, handler := range []func(*bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var log bytes.Buffer
		slog.New(handler(&log)).Info("read", "text", text, "ner", ner, "case", call, "qa", qa, "all", all)
		if n := strings.Count(log.String(), "18 characters"); n != 4 {
			t.Errorf("the log tells the length %d times, want 4: %s", n, &log)
		}
		printed = append(printed, log.String())
	}
	for _, p := range printed {
		// Neither as text nor in hex.
		if strings.Contains(p, "mina") || strings.Contains(strings.ToLower(p), "6d696e61") || strings.Contains(p, "Kisumu") {
			t.Errorf("printed: %s", p)
		}
	}
	if got := text.String(); got != "[transcript, 18 characters]" {
		t.Errorf("String: got %q", got)
	}
}

// Data files are written from these types.
func TestTranscriptNormalised(t *testing.T) {
	for text, want := range map[Transcript]string{
		"":                   "",
		" \t\n":              "",
		"Hello, I am Amina.": "Hello, I am Amina.",
		"  Hello,\t I\u00a0am\u2003\r\nAmina.\u3000": "Hello, I am Amina.",
	} {
		if got := string(text.Normalised()); got != want {
			t.Errorf("%q becomes %q, want %q", string(text), got, want)
		}
	}
}

func TestTranscriptIsTextInJSON(t *testing.T) {
	got, err := json.Marshal(NERRecord{Text: "Amina", Entities: []Entity{{0, 5, "NAME"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"text":"Amina","entities":[{"start":0,"end":5,"label":"NAME"}]}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

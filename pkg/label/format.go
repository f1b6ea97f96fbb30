package label

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/pyjson"
	"github.com/trident-nlp/trident/internal/table"
	"github.com/trident-nlp/trident/internal/textfile"
)

// formatOf tells an input's format by its name, or else by its beginning.
func formatOf(name string, in *bufio.Reader) string {
	switch extension(name) {
	case ".txt": // Excel calls a table separated by tabs so; "{inaudible}" is somebody's words
		line := firstLine(in)
		if strings.HasPrefix(line, "{") && !beginsObject.MatchString(line) {
			return "lines"
		}
		return sniff(line)
	case ".jsonl", ".ndjson":
		return "jsonl"
	case ".json":
		return "json"
	case ".csv":
		return "csv"
	case ".tsv", ".tab":
		return "tsv"
	}
	return sniff(firstLine(in))
}

// beginsObject matches how a JSON object begins.
var beginsObject = regexp.MustCompile(`^\{\s*("|\}|$)`)

// extension is that of a file's name, in lower case, without that of a way of
// compressing behind it: ".csv" for "calls.CSV.gz".
func extension(name string) string {
	return strings.ToLower(filepath.Ext(textfile.TrimExtension(name)))
}

// firstLine looks at the first line that isn't blank, as far as in's buffer
// holds it. It doesn't wait for more than that line.
func firstLine(in *bufio.Reader) string {
	for n := 1; ; n = in.Buffered() + 1 {
		head, err := in.Peek(n)
		head, _ = in.Peek(max(len(head), in.Buffered()))
		line, _, whole := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
		if whole || err != nil { // the input's end, or a full buffer
			return string(line)
		}
	}
}

// sniff tells the format by an input's first line.
func sniff(line string) string {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "{") {
		if brokenOver(line) {
			return "json"
		}
		return "jsonl"
	}
	if rest, found := strings.CutPrefix(line, "["); found {
		rest = strings.TrimSpace(rest)
		if rest == "" || rest == "]" || rest[0] == '{' { // not "[00:01] Hello"
			return "json"
		}
	}
	return cmp.Or(tableOf(line), "lines")
}

// columnName is what a column may be called for a line to be the header of a table.
var columnName = regexp.MustCompile(`^[\pL_][\pL\pM\pN_]*([ .-][\pL\pN_]+){0,2}$`)

// looksLikeHeader reports whether cells are names of columns rather than somebody's
// words: between tabs, or with a call's id among them.
func looksLikeHeader(cells []string, separator byte) bool {
	strange := func(cell string) bool { return !columnName.MatchString(cell) }
	return len(cells) > 1 && !slices.ContainsFunc(cells, strange) && (separator == '\t' || findColumns(cells).id >= 0)
}

// tableOf tells the format of a table of calls by its first row; "" if line isn't
// one. Unlike a sentence it has no space after its commas. A table whose cells are
// separated by |, and one without a column for the text, are told as csv too, whose
// reader complains: a header is no call.
func tableOf(line string) string {
	for _, separator := range []byte("\t,;|") {
		names := table.FirstRow([]byte(line), separator)
		padded := func(name string) bool { return name != strings.TrimSpace(name) }
		switch {
		case slices.ContainsFunc(names, padded) || len(findColumns(names).texts) == 0 && !looksLikeHeader(names, separator):
			continue
		case separator == '\t':
			return "tsv"
		}
		return "csv"
	}
	return ""
}

// brokenOver reports whether line is the beginning of a JSON value that goes
// on in the next.
func brokenOver(line string) bool {
	err := json.NewDecoder(bytes.NewReader(pyjson.StandIns([]byte(line)))).Decode(new(json.RawMessage))
	return errors.Is(err, io.ErrUnexpectedEOF)
}

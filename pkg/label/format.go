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

// formatOf detects an input's format from its name, or else from its beginning.
func formatOf(name string, in *bufio.Reader) string {
	switch extension(name) {
	case ".txt": // Excel uses it for tab-separated tables; "{inaudible}" is speech
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

// beginsObject matches the beginning of a JSON object.
var beginsObject = regexp.MustCompile(`^\{\s*("|\}|$)`)

// extension returns the extension of a file's name, in lower case and without a
// compression extension: ".csv" for "calls.CSV.gz".
func extension(name string) string {
	return strings.ToLower(filepath.Ext(textfile.TrimExtension(name)))
}

// firstLine peeks at the first non-blank line, as far as it fits in in's buffer. It
// doesn't wait for more than that line.
func firstLine(in *bufio.Reader) string {
	for n := 1; ; n = in.Buffered() + 1 {
		head, err := in.Peek(n)
		head, _ = in.Peek(max(len(head), in.Buffered()))
		line, _, whole := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
		if whole || err != nil { // end of input, or buffer full
			return string(line)
		}
	}
}

// sniff detects the format from an input's first line.
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

// columnName matches a column name that makes a line a table's header.
var columnName = regexp.MustCompile(`^[\pL_][\pL\pM\pN_]*([ .-][\pL\pN_]+){0,2}$`)

// looksLikeHeader reports whether cells are column names rather than speech: separated
// by tabs, or including a call's id.
func looksLikeHeader(cells []string, separator byte) bool {
	strange := func(cell string) bool { return !columnName.MatchString(cell) }
	return len(cells) > 1 && !slices.ContainsFunc(cells, strange) && (separator == '\t' || findColumns(cells).id >= 0)
}

// tableOf detects the format of a table of calls from its first row; "" if line isn't
// a header. Unlike a sentence, a header has no space after its commas. Tables separated
// by | or without a text column are reported as csv too, whose reader refuses them: a
// header isn't a call.
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

// brokenOver reports whether line is the beginning of a JSON value that continues on
// the next.
func brokenOver(line string) bool {
	err := json.NewDecoder(bytes.NewReader(pyjson.StandIns([]byte(line)))).Decode(new(json.RawMessage))
	return errors.Is(err, io.ErrUnexpectedEOF)
}

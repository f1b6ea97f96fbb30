package report

import "testing"

func TestTableOnTerminal(t *testing.T) {
	got := Table{Head: []string{"a", "bé"}, Rows: [][]string{{"long", "×"}, {"–", "x"}}}.String()
	if want := "a     bé\nlong  ×\n–     x\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMarkdown(t *testing.T) {
	got := Table{Head: []string{"a", "b"}, Rows: [][]string{{"1", "2"}}}.Markdown()
	if want := "| a | b |\n|---|---|\n| 1 | 2 |\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

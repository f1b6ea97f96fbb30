package home

import "testing"

func TestExpand(t *testing.T) {
	t.Setenv("HOME", "/home/amina")
	for path, want := range map[string]string{
		"~": "/home/amina", "~/": "/home/amina", "~/a/b": "/home/amina/a/b", "~//a": "/home/amina/a",
		"": "", "a": "a", "/a/~": "/a/~", "a/~/b": "a/~/b", "./~": "./~",
		"~root": "/root", "~root/a": "/root/a", "~no-such-user/a": "~no-such-user/a", "~~": "~~",
	} {
		if got, err := Expand(path); got != want || err != nil {
			t.Errorf("%q becomes %q, %v; want %q", path, got, err, want)
		}
	}
	t.Setenv("HOME", "")
	if got, err := Expand("~/a"); err == nil {
		t.Errorf("without a home it becomes %q", got)
	}
	if got, err := Expand("a"); got != "a" || err != nil {
		t.Errorf("without a home, a becomes %q, %v", got, err)
	}
}

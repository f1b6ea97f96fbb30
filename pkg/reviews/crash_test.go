package reviews

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/disktest"
	"github.com/trident-nlp/trident/internal/filetest"
)

// asWriter is a variable that makes the test's program a writer that adds reviews to a
// folder without end, and prints each one's id once it is kept.
const asWriter = "TRIDENT_TEST_REVIEWS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asWriter); dir != "" {
		if err := writeOn(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func writeOn(dir string) error {
	s, _, err := Open(dir, Options{Texts: true, Now: func() time.Time { return day }})
	if err != nil {
		return err
	}
	for n := s.Count(); ; n++ {
		r := review("writer", "", "1")
		r.Note = strings.Repeat("x", n%MaxNote)
		kept, err := s.Add(r, fmt.Sprintf("%s %d", text, n))
		if err != nil {
			return err
		}
		fmt.Println(kept.ID)
	}
}

// Whenever a writer is killed, each review that it said it kept is there, and the folder
// opens again.
func TestKills(t *testing.T) {
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for kill := range 8 {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), asWriter+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			said[lines.Text()] = true
			if n == 3+5*kill {
				_ = cmd.Process.Kill() // the rest is still read
			}
		}
		_ = cmd.Wait() // killed
		s, torn, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("after kill %d: %v", kill, err)
		}
		if torn != "" {
			t.Logf("kill %d: an unfinished line in %s", kill, torn)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := Load(dir)
	if err != nil || loaded.Torn {
		t.Fatalf("torn %t, %v", loaded.Torn, err)
	}
	for _, r := range loaded.Reviews {
		delete(said, r.ID)
		if loaded.Texts[r.Call] == "" {
			t.Error("a review lacks its text")
		}
	}
	if len(said) > 0 || len(loaded.Reviews) < 8*4 {
		t.Errorf("%d reviews that were kept are missing, %d are there", len(said), len(loaded.Reviews))
	}
}

// What a crash left of a last line is kept aside and said, whatever its length; lines
// before it stay.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	first := mustAdd(t, s, review("nairobi", "", "1"))
	mustAdd(t, s, review("kisumu", first.ID, "2"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, logName)
	whole := filetest.Read(t, path)
	end := strings.Index(whole, "\n") + 1
	for _, cut := range []int{end, end + 1, end + 20, (end + len(whole)) / 2, len(whole) - 2, len(whole) - 1, len(whole)} {
		dir := filetest.Folder(t, map[string]string{logName: whole[:cut]})
		before, err := Load(dir)
		if err != nil || before.Torn != (cut > end && cut < len(whole)-1) {
			t.Errorf("cut after %d bytes: read as torn %t, %v", cut, before.Torn, err)
		}
		s, torn, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", cut, err)
		}
		wanted := 1
		if cut >= len(whole)-1 { // the line lacks its end at most
			wanted = 2
		}
		if s.Count() != wanted || (torn != "") != (cut > end && cut < len(whole)-1) {
			t.Errorf("cut after %d bytes: %d reviews, torn %q", cut, s.Count(), torn)
		}
		if torn != "" && filetest.Read(t, torn) != whole[end:cut] {
			t.Errorf("cut after %d bytes: the torn line isn't kept aside", cut)
		}
		list, err := s.Of(first.Call)
		if err != nil {
			t.Fatal(err)
		}
		mustAdd(t, s, review("ops", list[len(list)-1].ID, "3"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if after, err := Load(dir); err != nil || len(after.Reviews) != wanted+1 || after.Torn {
			t.Errorf("cut after %d bytes: then %d reviews, %v", cut, len(after.Reviews), err)
		}
	}
}

// A damaged line that isn't the last isn't passed over.
func TestDamagedLine(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	mustAdd(t, s, review("nairobi", "", "1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good := filetest.Read(t, filepath.Join(dir, logName))
	for name, content := range map[string]string{
		"no JSON": "{SECRET\n" + good, "zeros": good + strings.Repeat("\x00", 20) + "\n" + good, "a later format": good + strings.Replace(good, `{"v":1`, `{"v":2`, 1),
		"bad offsets": good + strings.Replace(good, `"start":11`, `"start":-11`, 1),
	} {
		dir := filetest.Folder(t, map[string]string{logName: content})
		_, _, err := Open(dir, Options{})
		_, err2 := Load(dir)
		for _, err := range []error{err, err2} {
			if err == nil || !strings.Contains(err.Error(), "line ") || !strings.Contains(err.Error(), logName) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if filetest.Read(t, filepath.Join(dir, logName)) != content {
			t.Errorf("%s: the file has changed", name)
		}
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "serve --reviews") {
		t.Errorf("an empty folder: %v", err)
	}
}

// On a full disk nothing half-written counts, and later there is room again.
func TestFullDisk(t *testing.T) {
	disktest.Alone(t, func() {
		for _, texts := range []bool{false, true} {
			dir := t.TempDir()
			s := open(t, dir, Options{Texts: texts})
			first := mustAdd(t, s, review("nairobi", "", "1"))
			size := int64(len(filetest.Read(t, filepath.Join(dir, logName))))
			for _, room := range []int64{0, 1, 100} {
				disktest.WithFileLimit(t, uint64(size+room), func() {
					if _, err := s.Add(review("kisumu", first.ID, "2"), text); !errors.Is(err, ErrNoRoom) || strings.Contains(err.Error(), "SECRET") {
						t.Errorf("room for %d bytes: %v", room, err)
					}
				})
				loaded, err := Load(dir)
				if err != nil || len(loaded.Reviews) != 1 || loaded.Torn {
					t.Errorf("room for %d bytes: %d reviews, torn %t, %v", room, len(loaded.Reviews), loaded.Torn, err)
				}
			}
			second := mustAdd(t, s, review("kisumu", first.ID, "2"))
			if list, err := s.Of(first.Call); err != nil || len(list) != 2 || list[1].ID != second.ID {
				t.Errorf("then %d reviews, %v", len(list), err)
			}
		}
	})
}

// A text whose review finds no room isn't kept.
func TestTextWithoutItsReview(t *testing.T) {
	disktest.OnSmallDisk(t, 128<<10, func(dir string) {
		s := open(t, dir, Options{Texts: true})
		kept := 0
		for ; ; kept++ {
			_, err := s.Add(review("nairobi", "", "1"), fmt.Sprintf("%s %d %s", text, kept, strings.Repeat("z", 900)))
			if err != nil {
				if !errors.Is(err, ErrNoRoom) || strings.Contains(err.Error(), "SECRET") {
					t.Errorf("full: %v", err)
				}
				break
			}
		}
		loaded, err := Load(dir)
		if err != nil || len(loaded.Reviews) != kept || len(loaded.Texts) != kept || kept < 10 {
			t.Errorf("%d kept; %d reviews, %d texts, %v", kept, len(loaded.Reviews), len(loaded.Texts), err)
		}
	})
}

// FuzzDecode: whatever is in a file, what is read of it can be compared and merged, and an
// error quotes nothing of it.
func FuzzDecode(f *testing.F) {
	line, err := json.Marshal(review("nairobi", "", "1"))
	if err != nil {
		f.Fatal(err)
	}
	whole := strings.Replace(string(line), `"v":0`, `"v":1`, 1)
	for _, content := range []string{"", whole, whole + "\n" + whole[:60], whole + "\n\n", `{"v":1,"new":{"tasks":{"a":{"b":{"c":1}}}},"text":"SECRET"}` + "\n", "SECRET\n"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		loaded, err := Decode(bytes.NewReader(content), "file")
		if err != nil {
			if strings.Contains(err.Error(), "SECRET") {
				t.Error("the error has a text")
			}
			return
		}
		calls, by := loaded.Calls()
		for _, call := range calls {
			merged := Merge(by[call])
			if got := merged.values().labels(); !reflect.DeepEqual(got, merged) {
				t.Errorf("%+v becomes %+v", merged, got)
			}
		}
		ModelAgreement(loaded.Reviews)
		ReviewerAgreement(loaded.Reviews)
	})
}

// FuzzOpen: whatever is in a folder, opening it changes no line, and what it then has can
// be read.
func FuzzOpen(f *testing.F) {
	s := open(f, f.TempDir(), Options{})
	kept := mustAdd(f, s, review("nairobi", "", "1"))
	line, err := json.Marshal(kept)
	if err != nil {
		f.Fatal(err)
	}
	for _, content := range []string{"", "\n", string(line), string(line) + "\n", string(line) + "\n" + string(line[:40]), string(line) + "\n{}\n", "{\"v\":1}"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := filetest.Folder(t, map[string]string{logName: string(content)})
		s, torn, err := Open(dir, Options{})
		path := filepath.Join(dir, logName)
		if err != nil {
			if filetest.Read(t, path) != string(content) {
				t.Error("a folder that doesn't open has changed")
			}
			return
		}
		defer s.Close()
		rest := ""
		if torn != "" {
			rest = filetest.Read(t, torn)
		}
		if now := filetest.Read(t, path) + rest; now != string(content) && now != string(content)+"\n" {
			t.Errorf("%d bytes became %d", len(content), len(now))
		}
		loaded, err := Load(dir)
		if err != nil || len(loaded.Reviews) != s.Count() || loaded.Torn {
			t.Errorf("%d reviews, torn %t, %v; want %d", len(loaded.Reviews), loaded.Torn, err, s.Count())
		}
		for _, r := range loaded.Reviews {
			if _, err := s.Of(r.Call); err != nil {
				t.Error(err)
			}
		}
	})
}

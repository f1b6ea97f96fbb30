package label

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Shard is part Index, counted from 0, of Count parts of the input. A Count of 0 is the
// whole input.
type Shard struct{ Index, Count int }

// IndexVariable is the environment variable in which Kubernetes gives a pod of an
// Indexed Job its index.
const IndexVariable = "JOB_COMPLETION_INDEX"

// maxShards limits part numbers to five digits.
const maxShards = 99999

var shardForm = regexp.MustCompile(`^([0-9]{1,9})?/([0-9]{1,9})$`)

// UnmarshalText parses I/N, or /N with I from the environment.
func (s *Shard) UnmarshalText(text []byte) error {
	form := shardForm.FindStringSubmatch(string(text))
	if form == nil {
		return fmt.Errorf("%q: want I/N, such as 0/10 to 9/10, or /10 where %s says I", text, IndexVariable)
	}
	index := form[1]
	if index == "" {
		index = os.Getenv(IndexVariable)
		if index == "" || !shardForm.MatchString(index+"/1") {
			return fmt.Errorf("%q: %s is %q; want a number from 0 in it, or I/N", text, IndexVariable, index)
		}
	}
	s.Index, _ = strconv.Atoi(index) // at most nine digits
	s.Count, _ = strconv.Atoi(form[2])
	switch {
	case s.Count < 1 || s.Count > maxShards:
		return fmt.Errorf("%d shards; want 1 to %d", s.Count, maxShards)
	case s.Index >= s.Count:
		return fmt.Errorf("%s; shards are counted from 0, so that the last of %d is %d/%d", s, s.Count, s.Count-1, s.Count)
	}
	return nil
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }

// span returns the shard's range of size bytes.
func (s Shard) span(size int64) span {
	if s.Count == 0 {
		return span{0, size}
	}
	return span{s.start(s.Index, size), s.start(s.Index+1, size)}
}

// start returns size·i/count without overflowing an int64.
func (s Shard) start(i int, size int64) int64 {
	n, k := int64(s.Count), int64(i)
	return size/n*k + size%n*k/n
}

// PartName returns the name of the shard's output file.
func (s Shard) PartName(format string) string {
	return fmt.Sprintf("part-%05d-of-%05d.%s", s.Index, s.Count, format)
}

// MarkerName returns the name of the file that marks the part as complete. Folder
// readers (Spark, Hive, …) ignore names that begin with _.
func (s Shard) MarkerName() string {
	return fmt.Sprintf("_part-%05d-of-%05d.json", s.Index, s.Count)
}

// shardsOf returns the number of shards from the name of a part or marker.
func shardsOf(name string) (count int, found bool) {
	name, found = strings.CutPrefix(strings.TrimPrefix(name, "_"), "part-")
	if !found {
		return 0, false
	}
	var index int
	_, err := fmt.Sscanf(name, "%05d-of-%05d.", &index, &count)
	return count, err == nil
}

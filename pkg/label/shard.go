package label

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Shard is one part of many of the input: Index, counted from 0, of Count. A
// Count of 0 is the whole input.
type Shard struct{ Index, Count int }

// IndexVariable is the variable of the environment where Kubernetes tells a pod of an Indexed Job its number.
const IndexVariable = "JOB_COMPLETION_INDEX"

// maxShards keeps the names of parts to five digits.
const maxShards = 99999

var shardForm = regexp.MustCompile(`^([0-9]{1,9})?/([0-9]{1,9})$`)

// UnmarshalText reads I/N, or /N, whose I is in the environment.
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
	s.Index, _ = strconv.Atoi(index) // up to nine digits are a number
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

// span is the shard's part of so many bytes.
func (s Shard) span(size int64) span {
	if s.Count == 0 {
		return span{0, size}
	}
	return span{s.start(s.Index, size), s.start(s.Index+1, size)}
}

// start is size·i/count, which might not fit an int64 on the way.
func (s Shard) start(i int, size int64) int64 {
	n, k := int64(s.Count), int64(i)
	return size/n*k + size%n*k/n
}

// PartName is the name of the shard's file of answers.
func (s Shard) PartName(format string) string {
	return fmt.Sprintf("part-%05d-of-%05d.%s", s.Index, s.Count, format)
}

// MarkerName is the name of the file that says that the part is whole. Readers
// of folders (Spark, Hive, …) pass over names with _ in front.
func (s Shard) MarkerName() string {
	return fmt.Sprintf("_part-%05d-of-%05d.json", s.Index, s.Count)
}

// shardsOf tells of how many shards a file of parts or markers is one.
func shardsOf(name string) (count int, found bool) {
	name, found = strings.CutPrefix(strings.TrimPrefix(name, "_"), "part-")
	if !found {
		return 0, false
	}
	var index int
	_, err := fmt.Sscanf(name, "%05d-of-%05d.", &index, &count)
	return count, err == nil
}

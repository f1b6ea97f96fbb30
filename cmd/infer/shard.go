package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// shard is one part of many of the input: index, counted from 0, of count. A
// count of 0 is the whole input.
type shard struct{ index, count int }

// indexVariable is where Kubernetes tells a pod of an Indexed Job its number.
const indexVariable = "JOB_COMPLETION_INDEX"

// maxShards keeps the names of parts to five digits.
const maxShards = 99999

var shardForm = regexp.MustCompile(`^([0-9]{1,9})?/([0-9]{1,9})$`)

// UnmarshalText reads I/N, or /N, whose I is in the environment.
func (s *shard) UnmarshalText(text []byte) error {
	form := shardForm.FindStringSubmatch(string(text))
	if form == nil {
		return fmt.Errorf("%q: want I/N, such as 0/10 to 9/10, or /10 where %s says I", text, indexVariable)
	}
	index := form[1]
	if index == "" {
		index = os.Getenv(indexVariable)
		if index == "" || !shardForm.MatchString(index+"/1") {
			return fmt.Errorf("%q: %s is %q; want a number from 0 in it, or I/N", text, indexVariable, index)
		}
	}
	s.index, _ = strconv.Atoi(index) // up to nine digits are a number
	s.count, _ = strconv.Atoi(form[2])
	switch {
	case s.count < 1 || s.count > maxShards:
		return fmt.Errorf("%d shards; want 1 to %d", s.count, maxShards)
	case s.index >= s.count:
		return fmt.Errorf("%s; shards are counted from 0, so that the last of %d is %d/%d", s, s.count, s.count-1, s.count)
	}
	return nil
}

func (s shard) String() string { return fmt.Sprintf("%d/%d", s.index, s.count) }

// span is the shard's part of so many bytes.
func (s shard) span(size int64) span {
	if s.count == 0 {
		return span{0, size}
	}
	return span{s.start(s.index, size), s.start(s.index+1, size)}
}

// start is size·i/count, which might not fit an int64 on the way.
func (s shard) start(i int, size int64) int64 {
	n, k := int64(s.count), int64(i)
	return size/n*k + size%n*k/n
}

// partName is the name of the shard's file of answers.
func (s shard) partName(format string) string {
	return fmt.Sprintf("part-%05d-of-%05d.%s", s.index, s.count, format)
}

// markerName is the name of the file that says that the part is whole. Readers
// of folders (Spark, Hive, …) pass over names with _ in front.
func (s shard) markerName() string {
	return fmt.Sprintf("_part-%05d-of-%05d.json", s.index, s.count)
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

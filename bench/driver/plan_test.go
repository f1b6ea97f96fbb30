package main

import (
	"slices"
	"strings"
	"testing"
)

func TestTargetsNameCases(t *testing.T) {
	all := allCases()
	runs := func(name, worker string) bool {
		return slices.ContainsFunc(all, func(c benchCase) bool { return c.name == name && slices.Contains(c.workers, worker) })
	}
	for _, target := range targets() {
		if !runs(target.oursCase, ours) || target.below == 0 && !runs(target.theirCase, target.theirName) && !slices.ContainsFunc(target.fastestOf, func(name string) bool { return runs(target.theirCase, name) }) {
			t.Errorf("target %q compares what isn't measured", target.what)
		}
		if (target.below > 0) == (target.atLeast > 0) || (target.atLeast > 0) != (target.against != "") {
			t.Errorf("target %+v", target)
		}
	}
	names := caseNames(all)
	slices.Sort(names)
	if len(slices.Compact(names)) != len(all) {
		t.Error("two cases have one name")
	}
	for _, group := range groups(all) {
		for _, c := range group {
			if c.unit != group[0].unit {
				t.Errorf("group %s has two units", c.group)
			}
		}
	}
}

func TestWithout(t *testing.T) {
	all := allCases()
	left := without(all, map[string][]string{openVINO: {"bf16"}, ours: {"bf16"}, best: {"bf16"}})
	if len(left) != len(all)-len(lengths())-2 { // no single calls, batch and training in bf16
		t.Errorf("%d cases of %d are left", len(left), len(all))
	}
	if !slices.Contains(all[len(all)-1].workers, ours) {
		t.Error("leaving out changed the plan")
	}
}

func TestChoose(t *testing.T) {
	all := allCases()
	for _, test := range []struct {
		patterns, workers []string
		want              string // names of the first case and of its workers, and how many there are
		count             int
		whole             bool
	}{
		{nil, nil, "tokenize_one ours today best", len(all), true},
		{[]string{"*"}, workerNames(), "tokenize_one ours today best", len(all), true},
		{[]string{"train_fp32"}, nil, "train_fp32 ours today best", 1, false},
		{[]string{"train_*", "latency_64_*"}, nil, "latency_64_fp32 ours today best compiled onnx openvino ctranslate2", 5, false},
		{nil, []string{onnx}, "latency_16_fp32 onnx", 14, false},
		{[]string{"*"}, []string{ours, best}, "tokenize_one ours best", len(all), false},
	} {
		got, whole, err := choose(all, test.patterns, test.workers)
		if err != nil {
			t.Errorf("%v, %v: %v", test.patterns, test.workers, err)
			continue
		}
		first := strings.Join(append([]string{got[0].name}, got[0].workers...), " ")
		if first != test.want || len(got) != test.count || whole != test.whole {
			t.Errorf("%v, %v: %q, %d cases, whole %v; want %q, %d, %v", test.patterns, test.workers, first, len(got), whole, test.want, test.count, test.whole)
		}
	}
	for _, test := range []struct {
		patterns, workers []string
		want              string
	}{
		{[]string{"train_fp64"}, nil, `no case matches "train_fp64"; there are tokenize_one, `},
		{[]string{"train_fp32", "nothing*"}, nil, `no case matches "nothing*"`},
		{[]string{"["}, nil, "syntax error in pattern"},
		{nil, []string{"theirs"}, `no worker "theirs"`},
		{[]string{"train_*"}, []string{onnx}, "none of the workers onnx"},
	} {
		if _, _, err := choose(all, test.patterns, test.workers); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, %v: error %v, want %q", test.patterns, test.workers, err, test.want)
		}
	}
	if again := allCases(); again[0].workers[1] != today {
		t.Error("choosing changed the plan")
	}
}

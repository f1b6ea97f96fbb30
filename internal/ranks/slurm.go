package ranks

import (
	"fmt"
	"strconv"
	"strings"
)

func (e *environment) slurm() Place {
	p := Place{
		Rank: e.number("SLURM_PROCID", 0), Size: e.number("SLURM_STEP_NUM_TASKS", e.number("SLURM_NTASKS", 1)),
		LocalRank: e.number("SLURM_LOCALID", 0), LocalSize: 1,
		Host: e.get("MASTER_ADDR"), Port: e.number("MASTER_PORT", 20000+e.number("SLURM_JOB_ID", 0)%10000),
		Attempt: e.get("SLURM_STEP_ID"),
	}
	if p.Size > 1 && e.first("SLURM_STEP_ID", "SLURM_STEPID") == "" {
		e.failf("SLURM_NTASKS announces %d tasks, but srun didn't start this one: put srun before the command", p.Size)
	}
	if p.Host == "" {
		var err error
		if p.Host, err = FirstHost(e.first("SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST")); err != nil && p.Size > 1 {
			e.failf("no first host: %v; set MASTER_ADDR", err)
		}
	}
	if n, err := tasksOf(e.first("SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"), e.number("SLURM_NODEID", 0)); err == nil {
		p.LocalSize = n
	}
	return p
}

// first returns the value of the first variable that is set.
func (e *environment) first(names ...string) string {
	for _, name := range names {
		if value := e.get(name); value != "" {
			return value
		}
	}
	return ""
}

// FirstHost returns the first host of a list in Slurm's notation:
// node[01-03,07],login2.
func FirstHost(list string) (string, error) {
	before, rest, ranged := strings.Cut(list, "[")
	if name, _, more := strings.Cut(before, ","); more || !ranged {
		return hostName(list, name)
	}
	inside, after, closed := strings.Cut(rest, "]")
	if !closed {
		return "", fmt.Errorf("the list of hosts %q has no ]", list)
	}
	number, _, _ := strings.Cut(inside, ",")
	number, _, _ = strings.Cut(number, "-")
	suffix, _, _ := strings.Cut(after, ",")
	return hostName(list, before+number+suffix)
}

// hostName returns an error for an invalid host name.
func hostName(list, name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "[] \t\n") {
		return "", fmt.Errorf("the list of hosts %q can't be read", list)
	}
	return name, nil
}

// tasksOf returns one node's number of tasks from Slurm's list of tasks per node, such as
// 2(x3),1.
func tasksOf(list string, node int) (int, error) {
	for part := range strings.SplitSeq(list, ",") {
		count, times, repeated := strings.Cut(part, "(x")
		n, err := strconv.Atoi(count)
		of := 1
		if repeated && err == nil {
			of, err = strconv.Atoi(strings.TrimSuffix(times, ")"))
		}
		if err != nil {
			return 0, fmt.Errorf("the list of tasks %q can't be read: %w", list, err)
		}
		if node -= of; node < 0 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("the list of tasks %q is too short", list)
}

package main

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"

	"github.com/trident-nlp/trident/pkg/label"
)

// The Job in deploy/ gives infer flags that it takes, as many shards as it starts, and
// a failure policy of the codes that infer has.
func TestDeployedJob(t *testing.T) {
	data, err := os.ReadFile("../../deploy/k8s/label.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Spec struct {
			Completions      int
			CompletionMode   string `yaml:"completionMode"`
			PodFailurePolicy struct {
				Rules []struct {
					Action      string
					OnExitCodes *struct {
						ContainerName string `yaml:"containerName"`
						Values        []int
					} `yaml:"onExitCodes"`
				}
			} `yaml:"podFailurePolicy"`
			Template struct {
				Spec struct {
					Containers []struct {
						Name          string
						Command, Args []string
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &job); err != nil {
		t.Fatal(err)
	}
	container := job.Spec.Template.Spec.Containers[0]
	if fmt.Sprint(container.Command) != "[infer]" || job.Spec.CompletionMode != "Indexed" {
		t.Errorf("it runs %v, %s", container.Command, job.Spec.CompletionMode)
	}
	t.Setenv(label.IndexVariable, fmt.Sprint(job.Spec.Completions-1))
	var f flags
	parser, err := kong.New(&f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(container.Args); err != nil {
		t.Fatal(err)
	}
	if err := f.options().Check(); err != nil {
		t.Error(err)
	}
	if f.Shard != (label.Shard{Index: job.Spec.Completions - 1, Count: job.Spec.Completions}) {
		t.Errorf("%d pods, and the last one's shard is %s", job.Spec.Completions, f.Shard)
	}
	codes := map[string][]int{}
	for _, rule := range job.Spec.PodFailurePolicy.Rules {
		if rule.OnExitCodes == nil {
			continue
		}
		if rule.OnExitCodes.ContainerName != container.Name {
			t.Errorf("a rule is about a container %s", rule.OnExitCodes.ContainerName)
		}
		codes[rule.Action] = rule.OnExitCodes.Values
	}
	if !slices.Equal(codes["FailIndex"], []int{exitData}) || !slices.Equal(codes["FailJob"], []int{exitNoInput, exitOutput, exitModel}) || len(codes) != 2 {
		t.Errorf("the codes are %v", codes)
	}
}

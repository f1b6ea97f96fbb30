package config

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"
)

// Pretrain says how an encoder goes on learning from calls without labels.
type Pretrain struct {
	MaskProbability float64 `yaml:"mask_probability"` // of each token, or of each word
	WholeWord       bool    `yaml:"whole_word"`       // mask words whole
}

// DistillEncoder is a large encoder that a small one learns from, with task: pretrain. The
// loss is AlphaCE·T²·KL(teacher ‖ student) + AlphaMLM·cross-entropy + AlphaCos·(1-cos), with
// DistilBERT's weights if none are given, and MiniLM's two, which are 0 then.
type DistillEncoder struct {
	Model     string `yaml:"model"`            // a directory, or a name in the Hugging Face cache or on its hub
	Revision  string `yaml:"revision"`         // of a name
	Layers    []int  `yaml:"layers,omitempty"` // of the teacher, from 0, that the student starts from; none: it is backbone's
	ModelType string `yaml:"model_type"`       // of a student of layers: distilbert | bert

	Temperature float64 `yaml:"temperature"`
	AlphaCE     float64 `yaml:"alpha_ce"`
	AlphaMLM    float64 `yaml:"alpha_mlm"`
	AlphaCos    float64 `yaml:"alpha_cos"` // wants a student as wide as its teacher

	AlphaAttention float64 `yaml:"alpha_attention"` // MiniLM's: of the last layer's attention weights,
	AlphaValues    float64 `yaml:"alpha_values"`    // and of its value relation, for students of any width
	RelationHeads  int64   `yaml:"relation_heads"`  // into which both encoders' projections are cut for these; 0: the teacher's
}

// UnmarshalYAML sets the defaults of what is left out: DistilBERT's.
func (e *DistillEncoder) UnmarshalYAML(node *yaml.Node) error {
	type plain DistillEncoder
	p := plain{Revision: "main", ModelType: "distilbert", Temperature: 2, AlphaCE: 5, AlphaMLM: 2, AlphaCos: 1}
	if err := node.Decode(&p); err != nil {
		return err
	}
	*e = DistillEncoder(p)
	return nil
}

// Paths are files, folders and patterns: one, or a list of them.
type Paths []string

// UnmarshalYAML reads a text or a list of texts.
func (p *Paths) UnmarshalYAML(node *yaml.Node) error {
	*p = nil
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str" {
		if node.Value != "" {
			*p = Paths{node.Value}
		}
		return nil
	}
	if node.Kind != yaml.SequenceNode || node.Decode((*[]string)(p)) != nil {
		return errors.New("want a path, or a list of paths")
	}
	if len(*p) == 0 {
		*p = nil
	}
	return nil
}

// checkPretrain looks at what belongs to task: pretrain alone.
func (c Config) checkPretrain(check func(ok bool, key, want string, got any)) {
	e := c.Distill.Encoder
	if c.Task != TaskPretrain {
		check(len(c.Data.PretrainPath) == 0, "data.pretrain_path", "nothing but with task: pretrain", c.Data.PretrainPath)
		check(c.Pretrain == Pretrain{}, "pretrain", "nothing but with task: pretrain", "a section")
		check(e == nil, "distill.encoder", "nothing but with task: pretrain", "a section")
		return
	}
	check(len(c.Data.PretrainPath) > 0, "data.pretrain_path", "files, folders or patterns of calls", "none")
	for i, path := range c.Data.PretrainPath {
		check(path != "", fmt.Sprintf("data.pretrain_path[%d]", i+1), "a path", `""`)
	}
	check(c.Data.ValidationSize == 0, "data.validation_size", "0 with task: pretrain, whose calls of test_size are for validation", c.Data.ValidationSize)
	check(c.Data.Stratify == "", "data.stratify", "nothing with task: pretrain", fmt.Sprintf("%q", c.Data.Stratify))
	check(c.Backbone.Heads != HeadsKeep, "backbone.heads", "new with task: pretrain, which continues a masked language model's head without being asked", c.Backbone.Heads)
	check(c.Training.LabelSmoothing == 0 || e == nil || e.AlphaMLM > 0, "training.label_smoothing_factor", "0 with distill.encoder.alpha_mlm: 0, as the other losses have no labels", c.Training.LabelSmoothing)
	check(len(c.Training.ClassWeights) == 0, "training.class_weights", "none with task: pretrain", "some")
	check(c.Pretrain.MaskProbability > 0 && c.Pretrain.MaskProbability < 1, "pretrain.mask_probability", "a number above 0 and below 1", c.Pretrain.MaskProbability)
	if e != nil {
		e.check(check, c.Backbone)
	}
}

func (e DistillEncoder) check(check func(ok bool, key, want string, got any), backbone Backbone) {
	const key = "distill.encoder."
	check(e.Model != "", key+"model", "a directory or a name", `""`)
	check(e.Revision != "", key+"revision", "a branch, tag or commit", `""`)
	check(e.ModelType == "distilbert" || e.ModelType == "bert", key+"model_type", "distilbert or bert", fmt.Sprintf("%q", e.ModelType))
	check(len(e.Layers) == 0 || backbone.Init == InitPretrained && backbone.Size == Size{}, key+"layers", "none beside a backbone of its own (backbone.init: random or backbone.size)", e.Layers)
	for _, layer := range e.Layers {
		check(layer >= 0, key+"layers", "layers counted from 0", layer)
	}
	check(isTemperature(e.Temperature), key+"temperature", temperatures, e.Temperature)
	none := true
	for _, weight := range []struct {
		name  string
		value float64
	}{
		{"alpha_ce", e.AlphaCE}, {"alpha_mlm", e.AlphaMLM}, {"alpha_cos", e.AlphaCos}, {"alpha_attention", e.AlphaAttention}, {"alpha_values", e.AlphaValues},
	} {
		check(weight.value == 0 || positive(weight.value), key+weight.name, "a finite number, 0 or more", weight.value)
		none = none && weight.value == 0
	}
	check(!none, key+"alpha_ce", "a weight above 0, here or of another loss", e.AlphaCE)
	check(e.RelationHeads >= 0, key+"relation_heads", "0 or more", e.RelationHeads)
}

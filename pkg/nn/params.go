package nn

import (
	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Params collects a model's parameters in the order of their creation, and keeps the
// first error of creating them.
type Params = torchx.Params

// Param is one named, trainable tensor.
type Param = torchx.Param

// Init fills a new parameter.
type Init = torchx.Init

// NewParams returns an empty collection on device. Without fill, new tensors are left
// uninitialised, for weights that are read from a file next.
func NewParams(device gotch.Device, fill bool) Params { return torchx.NewParams(device, fill) }

// Zeros is an [Init] that fills with 0.
func Zeros(t *ts.Tensor) error { return torchx.Zeros(t) }

// Ones is an [Init] that fills with 1.
func Ones(t *ts.Tensor) error { return torchx.Ones(t) }

// Normal draws from N(0, std²).
func Normal(std float64) Init { return torchx.Normal(std) }

// Uniform draws from U(-bound, bound).
func Uniform(bound float64) Init { return torchx.Uniform(bound) }

package serve

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/redact"
)

// redactor returns what redacts a request's texts; nil: nothing does. Its errors are
// problems, which quote nothing from the request.
func (s *Server) redactor(p *fusion.Predictor, asked client.Request) (*redact.Redactor, error) {
	mode := redact.Mode(asked.Redact)
	known := fusion.EntityLabels(p.Tasks())
	all := slices.Clone(known)
	for _, label := range redact.PatternLabels() {
		if !slices.Contains(all, label) {
			all = append(all, label)
		}
	}
	switch {
	case mode == "" && asked.RedactLabels != nil:
		return nil, problemf(http.StatusUnprocessableEntity, "redact_labels", "it goes with redact")
	case mode == "":
		return nil, nil
	case mode.NeedsKey() && s.RedactKey == nil:
		return nil, problemf(http.StatusUnprocessableEntity, "redact", "the server has no key for pseudonym and hash (serve --redact-key); mask and label need none")
	case fusion.Long(asked.Long) == fusion.LongTruncate:
		return nil, problemf(http.StatusUnprocessableEntity, "long", "to redact a text all of it is read; leave truncate out")
	}
	for i, label := range asked.RedactLabels {
		if !slices.Contains(all, label) {
			return nil, problemf(http.StatusUnprocessableEntity, fmt.Sprintf("redact_labels[%d]", i), "neither the model nor a pattern finds such; there are %s", strings.Join(all, ", "))
		}
	}
	r, err := redact.New(redact.Options{Mode: mode, Labels: asked.RedactLabels, Key: s.RedactKey})
	if err == nil {
		err = r.CheckLabels(known)
	}
	if err != nil {
		return nil, problemf(http.StatusUnprocessableEntity, "redact", "%v", err) // the labels are known ones
	}
	return r, nil
}

// redactModes lists how texts can be redacted with the default labels.
func (s *Server) redactModes(p *fusion.Predictor) []redact.Mode {
	modes := []redact.Mode{}
	r, err := redact.New(redact.Options{Mode: redact.Mask})
	if err != nil || r.CheckLabels(fusion.EntityLabels(p.Tasks())) != nil {
		return modes
	}
	for _, mode := range redact.Modes() {
		if !mode.NeedsKey() || s.RedactKey != nil {
			modes = append(modes, mode)
		}
	}
	return modes
}

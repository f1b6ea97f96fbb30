package serve

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/redact"
	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/triage"
)

// object is a JSON object.
type object = map[string]any

// describe returns the OpenAPI document of the routes. Schemas are derived from
// the Go types that are decoded and encoded.
func (s *Server) describe(list []route) (object, error) {
	schemas := schemas{named: object{}}
	paths := object{}
	for _, rt := range list {
		operation := object{"summary": rt.summary, "operationId": operationID(rt)}
		if rt.request != nil {
			operation["requestBody"] = object{"required": true, "content": content("application/json", schemas.of(reflect.TypeOf(rt.request)))}
		}
		if rt.access == Clients || rt.access == Admins {
			operation["security"] = []object{{"key": []string{}}, {}} // {}: servers without keys
		}
		answers := object{}
		if kind, plain := rt.answer.(string); plain {
			answers["200"] = object{"description": http.StatusText(http.StatusOK), "content": object{kind: object{}}}
		} else {
			answers["200"] = object{"description": http.StatusText(http.StatusOK), "content": content("application/json", schemas.of(reflect.TypeOf(rt.answer)))}
		}
		for _, status := range append(slices.Clone(rt.problems), http.StatusMisdirectedRequest) {
			answer := object{"description": http.StatusText(status), "content": content("application/problem+json", schemas.of(reflect.TypeFor[client.Problem]()))}
			if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
				answer["headers"] = object{"Retry-After": object{"description": "Seconds to wait before the request is sent again.", "schema": object{"type": "integer"}}}
			}
			answers[strconv.Itoa(status)] = answer
		}
		operation["responses"] = answers
		paths[rt.path] = object{strings.ToLower(rt.method): operation}
	}
	if schemas.err != nil {
		return nil, fmt.Errorf("describe the service: %w", schemas.err)
	}
	s.limit(schemas.named)
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "Trident", "version": "1", "description": "Reads transcripts of child-helpline calls: entities, categories, the counsellor's score. It proposes labels for people to check."},
		"paths":   paths,
		"components": object{
			"schemas":         schemas.named,
			"securitySchemes": object{"key": object{"type": "http", "scheme": "bearer"}},
		},
	}, nil
}

// limit adds the configured limits to the request's schema.
func (s *Server) limit(named object) {
	request := named["Request"].(object)
	fields := request["properties"].(object)
	texts := fields["texts"].(object)
	texts["minItems"], texts["maxItems"] = 1, s.Limits.Texts
	texts["items"] = object{"type": "string", "minLength": 1, "maxLength": s.Limits.Text, "pattern": visible.String()}
	tasks := fields["tasks"].(object)
	tasks["minItems"], tasks["maxItems"] = 1, maxNames
	labels := fields["redact_labels"].(object)
	labels["minItems"], labels["maxItems"] = 1, maxNames
	fields["redact"].(object)["enum"] = redact.Modes()
	threshold := fields["qa_threshold"].(object)
	threshold["exclusiveMinimum"], threshold["exclusiveMaximum"], threshold["default"] = 0, 1, fusion.DefaultThreshold
	fields["long"].(object)["enum"] = []fusion.Long{fusion.LongWindows, fusion.LongMean, fusion.LongTruncate}
	overlap := fields["overlap"].(object)
	overlap["minimum"] = 0
	for _, name := range []string{"Request", "reviewRequest", "findRequest"} {
		if schema, known := named[name].(object); known {
			schema["additionalProperties"] = false
		}
	}
}

// visible matches texts with more than white space (as in [strings.TrimSpace]),
// control characters and zero-width characters. It lists them, since \s differs
// between languages. It doesn't know what else a model's tokenizer drops.
var visible = regexp.MustCompile("[^\\x00-\\x20\\x7f-\\xa0\\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]")

func content(kind string, schema object) object { return object{kind: object{"schema": schema}} }

// operationID returns an id such as postV1Predict.
func operationID(rt route) string {
	id := strings.ToLower(rt.method)
	for part := range strings.FieldsFuncSeq(rt.path, func(r rune) bool { return strings.ContainsRune("/.", r) }) {
		id += strings.ToUpper(part[:1]) + part[1:]
	}
	return id
}

// schemas are JSON schemas by the name of their Go type, with the first error.
type schemas struct {
	named object
	err   error
}

// alternatives lists the types that a type may be encoded as.
var alternatives = map[reflect.Type][]reflect.Type{
	reflect.TypeFor[fusion.CustomAnswer](): {
		reflect.TypeFor[struct {
			Tokens   []fusion.Token  `json:"tokens"`
			Entities []fusion.Entity `json:"entities"`
		}](),
		reflect.TypeFor[fusion.Fields[string]](),
		reflect.TypeFor[fusion.Fields[fusion.Fields[int]]](),
	},
	reflect.TypeFor[reviews.Own](): {
		reflect.TypeFor[struct {
			Entities []reviews.Span `json:"entities,omitzero"`
		}](),
		reflect.TypeFor[map[string]string](),
		reflect.TypeFor[map[string]map[string]int](),
	},
	reflect.TypeFor[fusion.LabelWeights](): {
		reflect.TypeFor[[]float32](),
		reflect.TypeFor[fusion.Fields[[]float32]](),
	},
	reflect.TypeFor[fusion.CustomScores](): {
		reflect.TypeFor[[]fusion.Fields[float32]](),
		reflect.TypeFor[fusion.Fields[fusion.Fields[float32]]](),
	},
}

// schemaName is a type's name, or another where two packages have types of that name.
func schemaName(t reflect.Type) string {
	if t == reflect.TypeFor[triage.Review]() {
		return "Check"
	}
	return t.Name()
}

// of returns the schema of t's encoding by encoding/json.
func (all *schemas) of(t reflect.Type) object {
	if types, found := alternatives[t]; found {
		var list []object
		for _, t := range types {
			list = append(list, all.of(t))
		}
		return object{"oneOf": list}
	}
	if t == reflect.TypeFor[time.Time]() {
		return object{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Map:
		return object{"type": "object", "additionalProperties": all.of(t.Elem())}
	case reflect.Pointer:
		return all.of(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		if value, named := fieldsOf(t); named {
			return object{"type": "object", "additionalProperties": all.of(value)}
		}
		return object{"type": "array", "items": all.of(t.Elem())}
	case reflect.Struct:
		if t.Name() == "" {
			return all.fields(t)
		}
		name := schemaName(t)
		if _, known := all.named[name]; !known {
			all.named[name] = nil // for recursive types
			all.named[name] = all.fields(t)
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	if all.err == nil {
		all.err = fmt.Errorf("there is no schema for %v", t)
	}
	return nil
}

// fieldsOf returns T of a [fusion.Fields] of T, which is an object in JSON.
func fieldsOf(t reflect.Type) (value reflect.Type, named bool) {
	if t.PkgPath() != reflect.TypeFor[fusion.Prediction]().PkgPath() || !strings.HasPrefix(t.Name(), "Fields[") {
		return nil, false
	}
	field, found := t.Elem().FieldByName("Value")
	return field.Type, found
}

// fields returns the schema of a struct's fields.
func (all *schemas) fields(t reflect.Type) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		schema := all.of(field.Type)
		if doc := field.Tag.Get("doc"); doc != "" {
			schema["description"] = doc
		}
		properties[name] = schema
		if options == "" {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required}
}

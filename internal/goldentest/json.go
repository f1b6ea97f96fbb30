package goldentest

import (
	"math"
	"reflect"
)

// AlikeJSON compares values decoded by encoding/json; numbers may differ by 1e-5.
func AlikeJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key := range a {
			if other, found := b[key]; !found || !AlikeJSON(a[key], other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !AlikeJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case float64:
		b, ok := b.(float64)
		return ok && math.Abs(a-b) <= 1e-5
	}
	return reflect.DeepEqual(a, b)
}

package protocol

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestServe(t *testing.T) {
	in := strings.NewReader("{\"case\":\"batch\",\"precision\":\"bf16\"}\n{\"case\":\"latency\",\"arg\":64}\n")
	var out bytes.Buffer
	err := Serve(in, &out, Hello{Ready: true}, func(r Request) (Response, error) {
		if r.Case == Batch && r.Precision == BF16 {
			return Response{}, errors.New("not that")
		}
		return Response{Seconds: 0.5, Samples: r.Arg}, nil
	})
	want := "{\"ready\":true,\"versions\":null}\n" +
		"{\"seconds\":0,\"samples\":0,\"tokens\":0,\"error\":\"not that\"}\n" +
		"{\"seconds\":0.5,\"samples\":64,\"tokens\":0}\n"
	if err != nil || out.String() != want {
		t.Errorf("it says %q, %v; want %q", out.String(), err, want)
	}
}

func TestServeStopsAtGarbage(t *testing.T) {
	for _, line := range []string{"what?\n", "{\"case\":\"batch\""} {
		var out bytes.Buffer
		err := Serve(strings.NewReader(line), &out, Hello{}, func(Request) (Response, error) {
			t.Error("a case ran")
			return Response{}, nil
		})
		if err == nil || !strings.Contains(err.Error(), "read a request") {
			t.Errorf("%q: error %v", line, err)
		}
	}
}

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/trident-nlp/trident/bench/protocol"
)

// The test program itself is the workers of the tests, if this variable says
// which one.
const fakeVariable = "TRIDENT_FAKE_WORKER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(fakeVariable); kind != "" {
		fake(kind)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fakeLine is the shell command that starts a worker of a kind.
func fakeLine(kind string) string {
	return fmt.Sprintf("env %s=%s '%s'", fakeVariable, kind, os.Args[0])
}

func fake(kind string) {
	hello := protocol.Hello{Ready: true, Versions: map[string]string{"torch": "1.2.3"}}
	switch kind {
	case "unready":
		hello.Ready = false
	case "stillborn":
		fmt.Fprintln(os.Stderr, "no model there")
		os.Exit(3)
	case "dies", "garbage", "sleeps":
		fakeBroken(kind, hello)
		return
	}
	_ = protocol.Serve(os.Stdin, os.Stdout, hello, func(r protocol.Request) (protocol.Response, error) {
		switch {
		case kind == "refuses":
			return protocol.Response{}, errors.New("not today")
		case r.Case == protocol.Check:
			return protocol.Response{Values: []float64{1, map[string]float64{"deviates": 2}[kind]}}, nil
		case r.Case == protocol.Labels:
			labels := map[string][]int{"ner": {1, 2, 3, 4}, "cls": {1}, "qa": {0, 1}}
			if r.Precision != protocol.FP32 {
				labels["ner"][2] = 9
			}
			return protocol.Response{Samples: 1, Labels: labels}, nil
		}
		seconds := map[string]float64{"slow": 2}[kind] + 1
		return protocol.Response{Seconds: seconds, Samples: 10, Tokens: 1000, Each: []float64{0.1, 0.2}, Inside: 0.5, PeakMB: 7}, nil
	})
}

func fakeBroken(kind string, hello protocol.Hello) {
	line, _ := json.Marshal(hello)
	fmt.Printf("%s\n", line)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	switch kind {
	case "dies":
		fmt.Fprintln(os.Stderr, "out of luck")
		os.Exit(7)
	case "garbage":
		fmt.Println("Traceback: what now?")
	case "sleeps":
		time.Sleep(time.Minute)
	}
}

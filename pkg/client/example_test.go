package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/trident-nlp/trident/pkg/client"
)

// answering starts a server that returns the same response to every request, so that the
// examples don't need a model. The real server is cmd/serve.
func answering(contentType string, status int, answer string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
}

// One call, with all of the model's tasks.
func ExampleClient_Predict() {
	server := answering("application/json", http.StatusOK, `{"model": "5e1f", "predictions": [{
		"entities": [
			{"text": "Mwakamba", "label": "NAME", "start": 18, "end": 26},
			{"text": "Kisumu", "label": "LOCATION", "start": 41, "end": 47}],
		"classification": {"main_category": "Advice and Counselling", "priority": "1"}}]}`)
	defer server.Close()

	c, err := client.New(server.URL, client.Options{}) // a key, retries, compression: client.Options
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := c.Predict(context.Background(), client.Request{Texts: []string{"Hello, my name is Mwakamba, calling from Kisumu."}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, entity := range answer.Predictions[0].Entities {
		fmt.Println(entity.Label, entity.Text)
	}
	fmt.Println(answer.Predictions[0].Classification["main_category"])
	// Output:
	// NAME Mwakamba
	// LOCATION Kisumu
	// Advice and Counselling
}

// An error described by the server names the invalid field.
func ExampleProblem() {
	server := answering("application/problem+json", http.StatusUnprocessableEntity,
		`{"type": "about:blank", "title": "Unprocessable Entity", "status": 422, "detail": "the text is empty", "field": "texts[0]"}`)
	defer server.Close()

	c, err := client.New(server.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Predict(context.Background(), client.Request{Texts: []string{" "}})
	var problem *client.Problem
	if errors.As(err, &problem) {
		fmt.Println(problem.Status, problem.Field)
	}
	fmt.Println(err)
	// Output:
	// 422 texts[0]
	// predict: texts[0]: the text is empty
}

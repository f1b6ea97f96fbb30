package client_test

import (
	"context"
	"fmt"
	"os"

	"github.com/trident-nlp/trident/pkg/client"
)

func Example() {
	c, err := client.New("http://127.0.0.1:8080", client.Options{Key: os.Getenv("TRIDENT_KEY")})
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
}

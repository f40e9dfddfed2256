// A program that gets a token by golang.org/x/oauth2 and prints it; with an argument, how long a kept one takes, in ns.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{ClientID: os.Getenv("MINTMARK_CLIENT_ID"),
		ClientSecret: os.Getenv("MINTMARK_CLIENT_SECRET"), TokenURL: os.Getenv("MINTMARK_ISSUER") + "/oauth2/token"}
	source := config.TokenSource(context.Background())
	token, err := source.Token()
	if err != nil {
		panic(err)
	}
	if len(os.Args) == 1 {
		fmt.Println(token.AccessToken)
		return
	}
	const calls = 2000000
	start := time.Now()
	for i := 0; i < calls; i++ {
		if _, err := source.Token(); err != nil {
			panic(err)
		}
	}
	fmt.Println(float64(time.Since(start).Nanoseconds()) / calls)
}

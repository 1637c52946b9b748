// Command quickstart shows the GitHub repositories of whoever visits it. It wants
// GITHUB_OAUTH_CLIENT_ID and GITHUB_OAUTH_CLIENT_SECRET in the environment, and a GitHub OAuth app
// whose callback URL is http://localhost:8080/login/github/authorized.
package main

import (
	"io"
	"log"
	"net/http"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
)

func main() {
	app, err := waltz.New(waltz.Config{})
	if err != nil {
		log.Fatal(err)
	}
	github, err := app.Register(waltz.Registration{Provider: provider.GitHub()})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/login/", app)
	http.Handle("/", github.Require(repos(github)))
	log.Fatal(http.ListenAndServe("localhost:8080", app.Handler(http.DefaultServeMux)))
}

func repos(github *waltz.Consumer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		resp, err := github.Client(r.Context()).Get("/user/repos")
		if err != nil {
			http.Error(w, "GitHub is not answering", http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}
}

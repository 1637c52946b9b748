package waltztest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/waltz-oauth/waltz/waltztest"
)

// A program can ask for a token without a login, and end it when it likes.
func Example() {
	s, err := waltztest.Start(waltztest.Config{}) // in a test: waltztest.New(t, waltztest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Down()
	t, err := s.Grant("1001", "read")
	if err != nil {
		log.Println(err)
		return
	}
	ask := func() {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL+"/api/user", nil)
		if err != nil {
			log.Println(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+t.AccessToken)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Println(err)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		fmt.Println(resp.Status)
	}

	ask()
	s.Next(waltztest.API, waltztest.Answer{Status: http.StatusServiceUnavailable})
	ask()
	s.ExpireAll()
	ask()
	fmt.Println(s.Calls(waltztest.API), "calls")
	// Output:
	// 200 OK
	// 503 Service Unavailable
	// 401 Unauthorized
	// 3 calls
}

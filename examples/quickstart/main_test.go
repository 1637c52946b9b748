package main

import (
	"os"
	"strings"
	"testing"
)

func TestREADMEShowsThisProgram(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```go\n")
	shown, _, ok := strings.Cut(shown, "```")
	if !ok || !strings.Contains(string(program), shown) {
		t.Error("the program in README.md is not in main.go")
	}
}

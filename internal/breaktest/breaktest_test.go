package breaktest

import "testing"

func TestNoticed(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]bool{
		"--- FAIL: TestX (0.00s)\nFAIL\n":                                        true,
		"    --- FAIL: TestX/case (0.00s)\n":                                     true,
		"panic: test timed out after 2m0s\n\trunning tests:\n\t\tTestX (2m0s)\n": true,
		"--- FAIL: TestXY (0.00s)\n":                                             false,
		"./x.go:1:1: undefined: y\nFAIL\texample/x [build failed]\n":             false,
		"go: cannot find main module\n":                                          false,
		"ok  \texample/x\t0.1s\n":                                                false,
	} {
		if got := (Break{Test: "TestX"}).noticed(output); got != want {
			t.Errorf("noticed is %t, want %t, in:\n%s", got, want, output)
		}
	}
}

func TestABreakIsSeenByTheTestThatMust(t *testing.T) {
	t.Parallel()
	Run(t, ".", []Break{{"a test that came to no end has noticed", "breaktest.go", "|^panic: ", "", "TestNoticed"}})
}

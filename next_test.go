package waltz

import "testing"

func TestNextIsAPathOnThisSite(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]bool{
		"/":                          true,
		"/issues?state=open&n=2#top": true,
		"/a//b":                      true,
		"/%C3%BC":                    true,
		"/?next=//evil.example":      true,

		"":                               false,
		"issues":                         false,
		"//evil.example":                 false,
		"///evil.example":                false,
		"/\\evil.example":                false,
		"\\\\evil.example":               false,
		"/%2fevil.example":               false,
		"/%2Fevil.example":               false,
		"/%5cevil.example":               false,
		"/\tevil.example":                false,
		"/\t/evil.example":               false,
		"/\n/evil.example":               false,
		"/%09/evil.example":              false,
		"/%0d%0aSet-Cookie:x":            false,
		"/\x00":                          false,
		" /issues":                       false,
		"https://evil.example":           false,
		"https:evil.example":             false,
		"javascript:alert(1)":            false,
		"data:text/html,x":               false,
		"/%zz":                           false,
		"/" + string(make([]byte, 4000)): false,
	} {
		if path, ok := localPath(next); ok != want || ok && path != next {
			t.Errorf("localPath(%q) = %q, %v, want %v", next, path, ok, want)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add("/issues?a=b")
	f.Add("/%2f/evil.example")
	f.Add("//evil.example")
	f.Fuzz(func(t *testing.T, next string) {
		path, ok := localPath(next)
		if !ok {
			return
		}
		// A browser resolves what it is sent against the page it is on.
		base := mustParse(t, "https://app.example/login/github/authorized")
		to, err := base.Parse(path)
		if err != nil || to.Host != "app.example" || to.Scheme != "https" {
			t.Errorf("%q leads to %v", path, to)
		}
	})
}

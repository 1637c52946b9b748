package e2e

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/waltz-oauth/waltz"
)

// What follows is done to a person in Chromium by hostile sites, and must get nowhere. What stops it is
// in part the browser, which is told by attributes of cookies and by headers.

func TestAttacksInABrowser(t *testing.T) {
	t.Parallel()
	to := newTown(t, nil)
	t.Run("by", func(t *testing.T) { // ends before the browser does
		for name, attack := range map[string]func(*testing.T, *town){
			"cookie tossing from a subdomain": tossesCookies,
			"login CSRF":                      sendsCallbacks,
			"forged disconnect":               forgesDisconnect,
			"open redirect":                   asksTheBrowser,
		} {
			t.Run(name, func(t *testing.T) { attack(t, to) })
		}
	})
}

// tossesCookies has a subdomain set the cookies of the attacker's login, and of the attacker's session,
// for the application, and then lead there.
func tossesCookies(t *testing.T, to *town) {
	callback, cookies := to.stolen(t)
	toss := func(w http.ResponseWriter) {
		for _, c := range cookies {
			for _, attributes := range []string{
				"; Domain=app.example; Path=/; Secure", "; Domain=app.example; Path=/login; Secure", "; Domain=app.example; Secure", "; Domain=app.example", "; Path=/; Secure",
			} {
				w.Header().Add("Set-Cookie", c.Name+"="+c.Value+attributes)
				w.Header().Add("Set-Cookie", strings.ToUpper(c.Name[:8])+c.Name[8:]+"="+c.Value+attributes)
				w.Header().Add("Set-Cookie", "="+c.Name+"="+c.Value+attributes) // a nameless cookie looks the same in a request
			}
		}
	}
	to.put("/toss", func(w http.ResponseWriter, r *http.Request) {
		toss(w)
		http.Redirect(w, r, callback, http.StatusFound)
	})
	v := to.victim(t)
	v.visit(to.at(sibling, "/toss"))
	if said := v.text("main"); !strings.Contains(said, "This login is over") {
		t.Errorf("the callback says %q", said)
	}
	v.want("nobody")

	// Once more with the session that the attacker's login leads to.
	b := to.attacker()
	b.Client.CheckRedirect = nil
	resp, err := b.Login(t.Context(), to.home+"/login/test", "1002", true)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if cookies = b.Client.Jar.Cookies(resp.Request.URL); len(cookies) == 0 {
		t.Fatal("the attacker has no session to give")
	}
	to.put("/session", func(w http.ResponseWriter, r *http.Request) {
		toss(w)
		http.Redirect(w, r, to.home, http.StatusFound)
	})
	v.visit(to.at(sibling, "/session"))
	v.want("nobody")
	v.login()
	v.visit(to.at(sibling, "/session"))
	v.want("Demo Ada")
}

// sendsCallbacks has each hostile site send the victim's browser to the callback of the attacker's login:
// in every way that a page can.
func sendsCallbacks(t *testing.T, to *town) {
	for _, host := range []string{sibling, distant} {
		callback, _ := to.stolen(t)
		u, err := url.Parse(callback)
		if err != nil {
			t.Fatal(err)
		}
		var fields strings.Builder
		for name, values := range u.Query() {
			fmt.Fprintf(&fields, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(values[0]))
		}
		u.RawQuery = ""
		there := html.EscapeString(callback)
		to.write("/embed", fmt.Sprintf(`<img src="%[1]s"><iframe src="%[1]s"></iframe><script src="%[1]s"></script><link rel="stylesheet" href="%[1]s">
<link rel="prefetch" href="%[1]s"><video src="%[1]s"></video><object data="%[1]s"></object>`, there))
		to.write("/link", fmt.Sprintf(`<a id="go" href="%s">a kitten</a>`, there))
		for _, method := range []string{"get", "post"} {
			to.write("/"+method, fmt.Sprintf(`<form method="%s" action="%s">%s<button id="go">a kitten</button></form>`, method, u, fields.String()))
		}
		v := to.victim(t)
		v.visit(v.home)
		v.follow("#login") // the victim has a login of their own under way
		v.visit(to.at(host, "/embed"))
		for _, page := range []string{"/link", "/get", "/post"} {
			v.visit(to.at(host, page))
			if status := v.follow("#go"); status != http.StatusBadRequest {
				t.Errorf("%s of %s leads to %d, want %d", page, host, status, http.StatusBadRequest)
			}
		}
		v.want("nobody")
	}
}

// forgesDisconnect has each hostile site send the form that disconnects the victim. To the browser a
// subdomain is the same site: it sends every cookie along.
func forgesDisconnect(t *testing.T, to *town) {
	v := to.victim(t)
	v.login()
	for _, host := range []string{sibling, distant} {
		form := fmt.Sprintf(`<form method="post" action="%s/login/test/disconnect" %%s><button id="go">a kitten</button></form>`, to.home)
		to.write("/disconnect", fmt.Sprintf(form, ""))
		to.write("/referrerless", `<meta name="referrer" content="no-referrer">`+fmt.Sprintf(form, ""))
		to.write("/plain", fmt.Sprintf(form, `enctype="text/plain"`))
		for _, page := range []string{"/disconnect", "/referrerless", "/plain"} {
			v.visit(to.at(host, page))
			if status := v.follow("#go"); status != http.StatusForbidden {
				t.Errorf("%s of %s leads to %d, want %d", page, host, status, http.StatusForbidden)
			}
		}
		v.want("Demo Ada")
	}
	v.follow("#disconnect")
	v.want("nobody")
}

// asksTheBrowser asks Chromium where it would go from each address that waltz lets through as next, and
// from those of the corpus, which waltz does not.
func asksTheBrowser(t *testing.T, to *town) {
	text, err := os.ReadFile(root + "/testdata/leads-away.txt")
	if err != nil {
		t.Fatal(err)
	}
	asked := []string{"/", "/a//b", "/.//evil.example", "/..//evil.example", "/./%2e%2e//evil.example", "/@evil.example", "/:80", "/;//evil.example", "/?//evil.example", "/#//evil.example", "/a\u2044/evil.example", "/\uff0fevil.example", "/%25%32%66evil.example", "/javascript:alert(1)", "/ü?ö#ä"}
	for line := range strings.Lines(string(text)) {
		if address, err := strconv.Unquote(strings.TrimSpace(line)); err == nil {
			asked = append(asked, address)
		}
	}
	b := to.attacker()
	b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	led := make(map[string]string)
	for _, next := range asked {
		resp, err := b.Client.PostForm(to.home+"/login/test/disconnect", url.Values{"next": {next}})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		led[next] = resp.Header.Get("Location")
	}
	v := to.victim(t)
	v.visit(v.home)
	js, err := json.Marshal(led)
	if err != nil {
		t.Fatal(err)
	}
	stays := fmt.Sprintf("Object.entries(%s).filter(([next, to]) => to === '' || new URL(to, location.href).origin !== location.origin).map(([next]) => next)", js)
	if away := do(v.tab, "resolving addresses", chromedp.Evaluate[[]string](stays)); len(away) > 0 {
		t.Errorf("the browser would go elsewhere from %q", away)
	}
	corpus, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	leads := fmt.Sprintf("%s.filter(next => { try { return new URL(next, location.href).origin !== location.origin } catch { return true } }).length", corpus)
	if n := do(v.tab, "resolving addresses", chromedp.Evaluate[int](leads)); n < 30 {
		t.Errorf("only %d addresses of the corpus would lead Chromium away", n)
	}
}

// TestFormPostInABrowser has a provider send its answer by a form, across sites, as response_mode=form_post
// does: the POST carries no cookie, and the GET that it is answered with carries the login's.
func TestFormPostInABrowser(t *testing.T) {
	t.Parallel()
	to := newTown(t, func(to *town, r *waltz.Registration) {
		to.put("/authorize", func(w http.ResponseWriter, q *http.Request) {
			resp, err := to.attacker().Login(q.Context(), to.provider.URL+"/authorize?"+q.URL.RawQuery, "1001", true)
			if err != nil {
				http.Error(w, "no answer", http.StatusBadGateway)
				return
			}
			_ = resp.Body.Close()
			u, err := url.Parse(resp.Header.Get("Location"))
			if err != nil {
				http.Error(w, "no answer", http.StatusBadGateway)
				return
			}
			fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><form method="post" action="%s/login/test/authorized">`, to.home)
			for name, values := range u.Query() {
				fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(values[0]))
			}
			_, _ = fmt.Fprint(w, `<button id="go">back to the application</button></form>`)
		})
		r.Provider.AuthorizationURL = to.at(distant, "/authorize")
	})
	t.Run("by", func(t *testing.T) { // ends before the browser does
		v := to.victim(t)
		v.visit(v.home)
		v.follow("#login")
		if status := v.follow("#go"); status != http.StatusOK {
			t.Errorf("the login ended with %d", status)
		}
		v.want("Demo Ada")
	})
}

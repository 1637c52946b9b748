//go:build soak

package waltz_test

import (
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakBreaks takes each defence of a login, and of a token in use, away, and sees the attack come
// through.
func TestSoakBreaks(t *testing.T) {
	for _, all := range [][]taken{loginBreaks(), callbackBreaks(), redirectBreaks(), tokenBreaks(), secretBreaks(), programBreaks()} {
		for _, d := range all {
			breaktest.Run(t, ".", []breaktest.Break{{Name: d.defence, File: d.file, Old: d.code, New: d.instead, Test: d.test}})
		}
	}
}

// taken is a defence that is taken away: what the code does, where, and what it does instead.
type taken struct{ defence, file, code, instead, test string }

func loginBreaks() []taken {
	return []taken{
		{
			"a login ends in the browser where it began", "flow.go",
			"	http.SetCookie(w, c)\n	return nil\n}\n\n// resume returns the login that this browser began with state. A cookie that is of no use is removed.\n" +
				"func (s *flows) resume(w http.ResponseWriter, r *http.Request, state string) (flow, error) {\n	c, err := r.Cookie(s.name(state))\n	if err != nil {",
			"	everybodys.Store(c.Name, c)\n	return nil\n}\n\nvar everybodys sync.Map\n\n" +
				"func (s *flows) resume(w http.ResponseWriter, _ *http.Request, state string) (flow, error) {\n	v, _ := everybodys.Load(s.name(state))\n	c, _ := v.(*http.Cookie)\n	var err error\n	if c == nil {",
			"TestAttackStateFromAnotherBrowser",
		},
		{
			"a callback needs the state of its own login", "flow.go",
			"	if err != nil {\n		return flow{}, ErrState\n	}\n	f, ok := s.open(c)",
			"	if all := s.underWay(r); err != nil && len(all) > 0 {\n		return all[0], nil\n	} else if err != nil {\n		return flow{}, ErrState\n	}\n	f, ok := s.open(c)",
			"TestAttackLoginCSRF",
		},
		{"a login lasts a quarter of an hour", "flow.go", "time.Since(f.Begun) > flowLife", "false", "TestALoginEndsAfterAWhile"},
		{"logins under way are capped", "flow.go", "for len(others) >= flowMost {", "for false {", "TestLoginsUnderWayAreCapped"},
		{"each login has its own verifier", "flow.go", "rand.Text() + rand.Text()", `"0123456789012345678901234567890123456789012345678901"`, "TestAttackCodeInjection"},
		{"the nonce is compared", "provider/idtoken.go", "case t.Nonce != nonce:", "case false:", "TestAttackCodeInjection"},
		{"the callback ends the login in the browser", "callback.go", "	c.app.flows.end(w, f.State)\n", "", "TestAttackReplayedState"},
		{"the code is sent once", "callback.go", "if !c.app.flows.spend(f) {", "if c.app.flows.spend(f); false {", "TestAttackReplayedState"},
		{"the code is sent once by requests at once", "callback.go", "if !c.app.flows.spend(f) {", "if c.app.flows.spend(f); false {", "TestAttackDoubleClick"},
		{"the user is the one who began", "callback.go", `f.User != "" && f.User != hashed(user)`, "false", "TestAttackSwitchedUser"},
		{"junk is removed", "flow.go", "	s.end(w, state)\n	return flow{}, err", "	return flow{}, err", "TestAttackJunkCookies"},
		{"a flow's cookie is not sent from other sites", "internal/cookie/attributes.go", "http.SameSiteLaxMode", "http.SameSiteNoneMode", "TestALoginsCookieIsOutOfReach"},
		{"a flow's cookie is out of a script's reach", "internal/cookie/attributes.go", "HttpOnly: true", "HttpOnly: false", "TestALoginsCookieIsOutOfReach"},
		{"a flow's cookie is for https", "internal/cookie/attributes.go", "Secure:   !insecure", "Secure:   false", "TestALoginsCookieIsOutOfReach"},
		{"disconnecting is for the site's own forms", "disconnect.go", "c.app.forms.Handler(http.HandlerFunc(c.disconnectOwn)).ServeHTTP(w, r)", "c.disconnectOwn(w, r)", "TestAttackForgedDisconnect"},
		{"disconnecting is a POST", "waltz.go", "methods{http.MethodPost: c.disconnect}", "methods{http.MethodPost: c.disconnect, http.MethodGet: c.disconnect}", "TestAttackForgedDisconnect"},
	}
}

func programBreaks() []taken {
	return []taken{
		{"a program's login is for who was shown its address", "loopback.go", `subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("once")), []byte(b.once)) != 1`, `subtle.ConstantTimeCompare(nil, nil) != 1`, "TestLoopbackLoginIsForWhoWasShownTheAddress"},
		{"an answer that is nobody's does not end a program's login", "loopback.go", "if errors.Is(err, ErrState) || errors.Is(err, ErrStateExpired) {", "if false {", "TestLoopbackLoginIsForWhoWasShownTheAddress"},
		{"a program listens on loopback alone", "loopback.go", "!address.IP.IsLoopback()", "false", "TestLoopbackLoginRefusesWhatCouldNotBeSafe"},
		{"a program knows beforehand whose the token is", "device.go", "_, err = c.keyFor(user, account)", "", "TestDeviceLoginThatComesToNothing"},
		{"a program that is refused rests", "machine.go", "time.Now().Before(c.own.until)", "false", "TestMachineThatIsRefusedAsksNotAtEveryRequest"},
		{"a program's first token is asked for once", "machine.go", "if r, err := c.app.keeper.Fresh(ctx, key); !errors.Is(err, ErrNoToken) && !errors.Is(err, ErrReauthorize) {", "if r, err := c.app.keeper.Fresh(ctx, key); false {", "TestMachineHasATokenOfItsOwn"},
		{"what is pushed is not in the browser too", "provider/push.go", `u.RawQuery = url.Values{`, `u.RawQuery += "&" + url.Values{`, "TestWhatALoginAsksForIsPushed"},
	}
}

func callbackBreaks() []taken {
	return []taken{
		{"the issuer is compared", "callback.go", `p.Issuer != "" && iss != p.Issuer`, "false", "TestAttackMixUp"},
		{"another's issuer is refused where one's own is not known", "callback.go", `p.Issuer == "" && slices`, "false && slices", "TestAttackMixUp"},
		{"each provider has its own callback", "callback.go", "f.Provider != c.name", "false", "TestAttackMixUp"},
		{"a promised issuer is missed", "callback.go", `case !q.Has("iss") && !p.IssParameter:`, `case !q.Has("iss"):`, "TestEachFailureOfALoginIsClearToPersonAndProgram"},
		{"parameters come once", "callback.go", "if len(q[name]) != 1 {", "if len(q[name]) == 0 {", "TestAttackRepeatedParameters"},
		{"parameters come once in a form too", "callback.go", "q[name] = values", "q[name] = values[:1]", "TestAttackRepeatedParameters"},
		{"an error is one, code or no code", "callback.go", "c.client.CallbackError(q); err != nil", `c.client.CallbackError(q); err != nil && !q.Has("code")`, "TestAttackRepeatedParameters"},
		{"a callback is a GET", "waltz.go", "methods{http.MethodGet: c.callback,", "methods{http.MethodGet: c.callback, http.MethodHead: c.callback,", "TestAttackCallbackThatNobodyWentTo"},
		{"nothing is fetched ahead", "waltz.go", "if prefetches(r) {", "if false {", "TestAttackCallbackThatNobodyWentTo"},
		{"a login asks for a code", "provider/authorize.go", "c.Provider.AuthorizationParams, r.Params, c.asked(r)}", "c.Provider.AuthorizationParams, c.asked(r), r.Params}", "TestAttackOtherGrants"},
		{"the callback is left for another address", "callback.go", "http.Redirect(to, r, a.Next, http.StatusSeeOther)", "to.WriteHeader(http.StatusOK)\n		_ = a", "TestAttackCodeLeaked"},
		{"the callback's address is not told", "waltz.go", `	w.Header().Set("Referrer-Policy", "no-referrer")`, "", "TestAttackCodeLeaked"},
		{"the callback's answer is not kept", "waltz.go", `	w.Header().Set("Cache-Control", "no-store")`, "", "TestAttackCodeLeaked"},
		{
			"the page escapes what the provider said", "fail.go",
			saidEscaped, strings.NewReplacer("Text, Said, Again", "Text, Again", "Home string }", "Home string; Said template.HTML }",
				"e.Description", "template.HTML(e.Description)").Replace(saidEscaped),
			"TestAttackErrorText",
		},
		{"an error's code is one", "provider/answer.go", `len(code) > 64 || strings.Trim(code, fit) != ""`, "false", "TestAttackErrorText"},
		{"an error is one line", "provider/error.go", "if !unicode.IsPrint(r) {", "if false && unicode.IsPrint(r) {", "TestAttackErrorText"},
	}
}

// saidEscaped is the part of the failure page that hands the provider's words to the template.
const saidEscaped = `	said := struct{ Title, Text, Said, Again, Login, Home string }{
		Title: strings.ReplaceAll(o.title, "%s", c.title()),
		Text:  strings.ReplaceAll(o.text, "%s", c.title()),
		Again: o.again,
		Login: c.LoginURL(""),
		Home:  home,
	}
	var e *provider.Error
	if errors.As(err, &e) && e.Kind != provider.Misconfigured { // what is wrong with the registration is not the person's business
		said.Said = e.Description`

func redirectBreaks() []taken {
	return []taken{
		{"a path begins with one slash", "next.go", `!strings.HasPrefix(path, "//") &&`, "", "TestAttackOpenRedirect"},
		{"a path begins with a slash", "next.go", `strings.HasPrefix(path, "/") && !`, "!", "TestAttackOpenRedirect"},
		{"a path has no backslash", "next.go", ` || r == '\\'`, "", "TestAttackOpenRedirect"},
		{"a path has no control characters", "next.go", "r < ' ' || ", "", "TestAttackOpenRedirect"},
		{"a path has no delete character", "next.go", "r == 0x7f || ", "", "TestAttackOpenRedirect"},
		{"a path is one when decoded too", "next.go", "rooted(next) && rooted(u.Path)", "rooted(next)", "TestAttackOpenRedirect"},
		{"a login leads to a path", "login.go", "if path, ok := localPath(asked); ok {", "if path, _ := localPath(asked); true {\n		path = asked", "TestAttackOpenRedirect"},
		{"the sign-in page is handed a path", "require.go", "if !local(here) {", "if false {", "TestAttackPathThatIsAnAddress"},
		{"a stranger's host is not believed", "base.go", "!loopback(u.Hostname())", "false", "TestAttackHostHeader"},
		{"a configured base is believed before the request", "base.go", "	if c.app.base != nil {\n		return c.app.base.String()", "	if c.app.base != nil && loopback(r.Host) {\n		return c.app.base.String()", "TestAttackHostHeader"},
		{"forwarded headers are not believed", "base.go", `url.Parse("http://" + r.Host + path)`, `url.Parse("http://" + r.Header.Get("X-Forwarded-Host") + path)`, "TestAttackHostHeader"},
	}
}

func tokenBreaks() []taken {
	return []taken{
		{"a request to a stranger is an error", "client.go", "	default: // no redirect led here: the program asked for it\n", "	case r == nil:\n", "TestAttackTokenForAStranger"},
		{"a host is the whole host", "provider/validate.go", "base == host(u)", "strings.HasPrefix(host(u), base)", "TestAttackTokenForAStranger"},
		{"a host is not its end", "provider/validate.go", "base == host(u)", "strings.HasSuffix(host(u), base)", "TestAttackTokenForAStranger"},
		{"a host has its port", "provider/validate.go", "base == host(u)", "strings.Split(base, \":\")[0] == u.Hostname()", "TestAttackTokenForAStranger"},
		{"a host with another port is another", "provider/validate.go", "return known == host(u) ||", "return strings.HasPrefix(known, u.Hostname()) ||", "TestAttackTokenForAStranger"},
		{"a token goes by https", "provider/validate.go", "if !secure(u) || u.User != nil {", "if u.User != nil {", "TestAttackTokenForAStranger"},
		{"a token goes to no user's address", "provider/validate.go", "if !secure(u) || u.User != nil {", "if !secure(u) {", "TestAttackTokenForAStranger"},
		{
			"a redirect to a stranger goes without the token", "client.go",
			"	case t.strayed(r), r.Response != nil && !t.provider.MaySee(out.URL):\n		out.Header.Del(\"Authorization\") // be it that the program has set it\n		out.Header.Del(t.provider.CredentialHeader())\n		return t.send(out)\n	case t.provider.MaySee(out.URL):",
			"	case t.provider.MaySee(out.URL), r.Response != nil:",
			"TestAttackTokenLeakedByRedirect",
		},
		{"a stranger's redirect goes without the token", "client.go", "	case t.strayed(r), r.Response", "	case r.Response", "TestAttackTokenLeakedByRedirect"},
		{"the program's own token does not go to strangers", "client.go", "\t\tout.Header.Del(\"Authorization\") // be it that the program has set it\n\t\tout.Header.Del(t.provider.CredentialHeader())", "", "TestAttackTokenLeakedByRedirect"},
		{"an answer says what it answers", "client.go", "err == nil && resp.Request == nil", "false", "TestTheTokenFollowsTheProvidersOwnRedirects"},
		{"an answer holds no token", "client.go", "	resp.Request.Header = r.Header", "	// resp.Request.Header = r.Header", "TestAnswersDoNotHoldTheToken"},
		{"a token of another type is not sent", "provider/answer.go", `if !bearer || t.Secret != "" {`, "if false && bearer {", "TestClientSendsBearerTokensOnly"},
	}
}

func secretBreaks() []taken {
	return []taken{
		{"the log hears of no token", "callback.go", `"waltz: logged in", "provider", c.name)`, `"waltz: logged in", "provider", c.name, "token", a.Token.AccessToken)`, "TestNoSecretGetsOut"},
		{"the log hears of no code", "fail.go", `attrs := []any{"provider", c.name, "error", err.Error()}`, `attrs := []any{"provider", c.name, "error", err.Error(), "at", r.URL.String()}`, "TestNoSecretGetsOut"},
		{"an authorization prints without its token", "print.go", "func (a Authorization) Format(f fmt.State, _ rune) {\n	_, _ = fmt.Fprintf(f, \"authorization(user %q, account %q)\", a.User, a.Account)", "func (a Authorization) Format(f fmt.State, _ rune) {\n	_, _ = fmt.Fprintf(f, \"authorization(user %q, account %q)\", a.User, a.Token.AccessToken)", "TestNoSecretGetsOut"},
		{"a client's transport prints without the client's secret", "print.go", "func (t *transport) Format(", "func (t *transport) format(", "TestNoSecretGetsOut"},
		{"an error of the network repeats no token", "hide.go", `err == nil || secret == "" || `, `err == nil || secret != "" || `, "TestNoSecretGetsOut"},
		{"an error of the provider repeats nothing that was sent", "provider/error.go", `if secret != "" {`, `if false && secret != "" {`, "TestNoSecretGetsOut"},
		{"what is behind an error is out of fmt's reach", "provider/error.go", "func (e *cause) Error() string        { return e.text }", "func (e *cause) Error() string        { return e.behind().Error() }", "TestNoSecretGetsOut"},
		{"the page shows what was cleaned of secrets", "provider/error.go", "Description: c.hide(r, prose)", "Description: prose", "TestNoSecretGetsOut"},
		{"a verifier is in no address", "provider/authorize.go", `		asked["code_challenge"] = challenge(r.Verifier)`, `		asked["code_challenge"], asked["v"] = challenge(r.Verifier), r.Verifier`, "TestNoSecretGetsOut"},
	}
}

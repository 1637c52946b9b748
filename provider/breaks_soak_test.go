//go:build soak

package provider_test

import "testing"

// TestSoakBreaks takes away each defence against an answer that means harm, and against a program that
// sends what it should not.
func TestSoakBreaks(t *testing.T) {
	without(t, answerBreaks())
	without(t, idTokenBreaks())
	without(t, callBreaks())
}

// TestSoakBreaksOfWhatIsLearned takes away what keeps a token's or a callback's own words in bounds.
func TestSoakBreaksOfWhatIsLearned(t *testing.T) {
	without(t, []taken{
		{"a token names hosts that may see it", "learned.go", "err == nil && !p.MaySee(u)", "false && p.MaySee(u)", "TestAnAPIBaseComesWithTheToken"},
		{"a token's member is escaped in a path", "learned.go", "value = url.PathEscape(value)", "_ = url.PathEscape(value)", "TestAnAPIBaseComesWithTheToken"},
		{"the account is asked where the token may go", "identity.go", "(err != nil || !c.Provider.MaySee(to))", "(err != nil || to == nil)", "TestUserinfoIsNotAskedWhereTheTokenMayNotGo"},
		{"below a host is a label before it", "validate.go", "wild && len(host(u)) > len(below) &&", "wild &&", "TestHostsBelowAHostMaySeeTheToken"},
		{"below a host is not beside it", "validate.go", `strings.CutPrefix(known, "*")`, `strings.CutPrefix(known, "*.")`, "TestHostsBelowAHostMaySeeTheToken"},
		{"a pattern is of one host", "validate.go", ` || strings.Contains(host, "*")`, "", "TestHostsBelowAHostMaySeeTheToken"},
		{"a callback is signed by the secret", "callback.go", "hmac.Equal(sent, mac.Sum(nil))", "len(sent) == mac.Size()", "TestACallbackIsSigned"},
		{"a callback is signed where that is promised", "callback.go", `c.Provider.CallbackMAC != "" && !c.callbackSigned(q)`, `q.Has(c.Provider.CallbackMAC) && !c.callbackSigned(q)`, "TestACallbackIsSigned"},
		{"a key is one of P-256", "secret.go", " || !ok ||", " && !ok ||", "TestAClientSecretIsSigned"},
		{"a type of its own is one that is named", "answer.go", `p.TokenType != "" && strings.EqualFold(t.TokenType, p.TokenType)`, "true", "TestATypeOfItsOwnIsBearer"},
		{"a refreshed ID token is for all that the old one was for", "idtoken.go", "return !next.Audience.Contains(who)", "return false", "TestARefreshKeepsItsTokenAndDropsAWrongIDToken"},
	})
}

func answerBreaks() []taken {
	return []taken{
		{"a large answer is no answer", "send.go", "err == nil && len(a.body) > maxAnswer", "false", "TestAttackOversizedAnswer"},
		{"keys have an end", "idtoken.go", "io.LimitReader(resp.Body, maxKeys)", "resp.Body", "TestAttackManyKeys"},
		{"a call has a deadline", "send.go", "cmp.Or(c.HTTP.Timeout, defaultTimeout)", "cmp.Or(c.HTTP.Timeout)", "TestAttackSlowAnswer"},
		{"a signature is no larger than a key may be", "idtoken.go", "> maxSignature", "< 0", "TestAttackHugeKey"},
		{"scopes are compared by a set", "client.go", "return !had[s]", "return !slices.Contains(t.Scopes, s) && !had[s]", "TestSoakManyScopes"},
		{"refreshed scopes are those that were granted", "client.go", "return !had[s]", "return false && had[s]", "TestAttackMoreScopes"},
		{"the account is that of the ID token", "identity.go", "err == nil && of.Subject != i.Subject", "err == nil && of.Subject == \"\"", "TestAttackAccountOfAnother"},
		{"a token has a type that is known", "answer.go", "	if err := p.CheckType(t); err != nil {\n		return nil, err\n	}\n", "", "TestAnswersAreClassified"},
		{"an answer's redirect is not followed", "send.go", "return http.ErrUseLastResponse", "return nil", "TestASpendIsOneRequest"},
		{"errors repeat no secret", "error.go", `if secret != "" {`, `if false && secret != "" {`, "TestErrorsRepeatNoSecretThatTheProviderRepeats"},
		{"errors are one line", "error.go", "if !unicode.IsPrint(r) {", "if false && unicode.IsPrint(r) {", "TestCallbackError"},
		{"nothing prints the client's secret", "client.go", "(f fmt.State, _ rune) {\n	_, _ = fmt.Fprintf(f, \"client(%s)\", c.Provider.Name)", "(f fmt.State, _ rune) {\n	_, _ = fmt.Fprintf(f, \"client(%s)\", c.Provider.Name+c.Secret)", "TestNothingPrintsTheClientSecret"},
	}
}

func idTokenBreaks() []taken {
	const refused = "TestAnIDTokenOfAnythingElseIsRefused"
	return []taken{
		{"the ID token is verified", "client.go", "if err := c.verify(ctx, raw, t.AccessToken, g.Nonce); err != nil {", "if err := error(nil); err != nil {", refused},
		{"there is an ID token where there must be", "idtoken.go", "	if raw == \"\" {\n		return errors.New", "	if raw == \"\" {\n		return nil\n	}\n	if raw == \"\" {\n		return errors.New", "TestAttackNoIDToken"},
		{"the ID token is of the issuer", "idtoken.go", "SupportedSigningAlgs: p.SigningAlgs", "SupportedSigningAlgs: p.SigningAlgs, SkipIssuerCheck: true", refused},
		{"the ID token is for this client", "idtoken.go", "ClientID: c.ID, ", "SkipClientIDCheck: true, ", refused},
		{"the ID token has not expired", "idtoken.go", "SupportedSigningAlgs: p.SigningAlgs", "SupportedSigningAlgs: p.SigningAlgs, SkipExpiryCheck: true", refused},
		{"the ID token is signed", "idtoken.go", "SupportedSigningAlgs: p.SigningAlgs", "SupportedSigningAlgs: p.SigningAlgs, InsecureSkipSignatureCheck: true", refused},
		{"the ID token is of this login", "idtoken.go", "case t.Nonce != nonce:", "case false:", refused},
		{"the ID token is for no other party", "idtoken.go", `case claims.Party != "" && claims.Party != c.ID, claims.Party == "" && len(t.Audience) > 1:`, "case false:", refused},
		{"the ID token names an account", "idtoken.go", `case t.Subject == "":`, "case false:", refused},
		{"the ID token is of this access token", "idtoken.go", `case t.AccessTokenHash != "":`, "case false:", refused},
		{"a refreshed ID token is of the same account", "idtoken.go", "next.Subject == was.Subject", "true", "TestARefreshKeepsItsTokenAndDropsAWrongIDToken"},
		{"a refreshed ID token is for this client", "idtoken.go", "!next.Audience.Contains(c.ID)", "false", "TestARefreshKeepsItsTokenAndDropsAWrongIDToken"},
		{"metadata are the issuer's", "discover.go", "if m.Issuer != issuer {", "if false {", "TestDiscoverRefusesWhatIsNotTheIssuers"},
		{"metadata do not widen the algorithms", "idtoken.go", "if len(p.SigningAlgs) == 0 {", "if true {", "TestDiscoveryDoesNotWidenTheSigningAlgs"},
		{"metadata name no algorithm without a public key", "idtoken.go", "return !slices.Contains(asymmetric(), alg)", "return false && slices.Contains(asymmetric(), alg)", "TestDiscoverFillsAProvider"},
	}
}

func callBreaks() []taken {
	return []taken{
		{"a login has a challenge", "authorize.go", `		asked["code_challenge"] = challenge(r.Verifier)`, "		_ = challenge", "TestAuthorizationURL"},
		{"a login has a verifier", "authorize.go", "case c.Provider.PKCE != NoPKCE && (len(r.Verifier) < 43 || len(r.Verifier) > 128):", "case false:", "TestNoLoginWithoutItsProtections"},
		{"a login has a state", "authorize.go", `case r.State == "":`, "case false:", "TestNoLoginWithoutItsProtections"},
		{"the verifier is sent", "client.go", `c.Provider.PKCE != NoPKCE && g.Verifier != ""`, "false", "TestExchangeSendsWhatTheStandardSays"},
		{"the program's parameters do not win", "authorize.go", "r.Params, c.asked(r)}", "c.asked(r), r.Params}", "TestAuthorizationURL"},
		{"secrets go by https", "validate.go", "	case !secure(u):\n", "	case u == nil:\n", "TestAnAddressThatIsNotSafeGetsNothing"},
		{"http is for loopback", "validate.go", `err == nil && ip.IsLoopback()`, "err == nil && ip.IsValid()", "TestMaySee"},
		{"the refresh token ends first", "revoke.go", `if t.RefreshToken != "" &&`, `if false && t.RefreshToken != "" &&`, "TestRevokeEndsTheRefreshTokenFirst"},
		{"503 is no end", "revoke.go", "case a.status/100 == 2 && code == \"\":", "case code == \"\":", "TestRevokeReportsWhatMayStillLive"},
		{"a code is no prose", "answer.go", `len(code) > 64 || strings.Trim(code, fit) != ""`, "false", "TestAnswersAreClassified"},
	}
}

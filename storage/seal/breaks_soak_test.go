//go:build soak

package seal_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakBreaks takes away what binds a sealed token or a cookie to its place, and what guards the keys,
// one after another, and sees a test fail each time.
func TestSoakBreaks(t *testing.T) {
	breaktest.Run(t, ".", seals())
	breaktest.Run(t, "keyfile", keyfiles())
	breaktest.Run(t, "../../internal/cookie", cookies())
	breaktest.Run(t, "../sessionstore", sessions())
}

func seals() []breaktest.Break {
	const rows, generations = "TestTokensOfTwoRowsExchangedDoNotOpen", "TestTokenOfAnotherGenerationOrGrantDoesNotOpen"
	return []breaktest.Break{
		{Name: "bind to the provider", File: "form.go", Old: "key.Provider, key.User, key.Account,", New: `"", key.User, key.Account,`, Test: rows},
		{Name: "bind to the user", File: "form.go", Old: "key.Provider, key.User, key.Account,", New: `key.Provider, "", key.Account,`, Test: rows},
		{Name: "bind to the account", File: "form.go", Old: "key.Provider, key.User, key.Account,", New: `key.Provider, key.User, "",`, Test: rows},
		{Name: "tell where the user ends", File: "form.go", Old: "key.Provider, key.User, key.Account,", New: `key.Provider, key.User+key.Account,`, Test: rows},
		{Name: "bind to the grant", File: "form.go", Old: "r.Grant, strconv.FormatUint(r.Generation, 10))", New: `"", strconv.FormatUint(r.Generation, 10))`, Test: generations},
		{Name: "bind to the generation", File: "form.go", Old: "strconv.FormatUint(r.Generation, 10))", New: "strconv.FormatUint(0, 10))", Test: generations},
		{Name: "refuse a token in the clear", File: "form.go", Old: "case !sealed && (r.Token == nil || s.acceptPlain):", New: "case !sealed && (true || s.acceptPlain):", Test: "TestPlainTokenIsReadIfTheApplicationSaysSo"},
		{Name: "tell a damaged token from one in the clear", File: "form.go", Old: `if !sealed && t.AccessToken == "" {`, New: `if !sealed && t.AccessToken == "?" {`, Test: "TestDamagedTokenIsNotTakenForAPlainOne"},
		{Name: "seal what is swapped in", File: "versioned.go", Old: `r, err := s.sealed(ctx, "swap", key, r)`, New: "var err error", Test: "TestTokenIsNowhereInTheClear"},
		{Name: "seal what is set", File: "seal.go", Old: `r, err := s.sealed(ctx, "set", key, r)`, New: "var err error", Test: "TestOnlyTheTokenIsSealed"},
		{Name: "look past a cache for what does not open", File: "seal.go", Old: "if err == nil || s.versioned == nil {", New: "if true {", Test: "TestRetiredKeyIsNotMissedInACacheBelow"},
		{Name: "load the keyset once a minute", File: "keyring.go", Old: "if time.Now().UnixNano() < k.due.Load() {", New: "if true || time.Now().UnixNano() < k.due.Load() {", Test: "TestKeysetIsLoadedOnceAMinute"},
		{Name: "look for a key that is not known", File: "keyring.go", Old: "if !now.ids[id] && !k.missing[id] && len(k.missing) < maxMissing {", New: "if false {", Test: "TestUnknownKeyIsLookedForOnce"},
		{Name: "look for one key once", File: "keyring.go", Old: "!now.ids[id] && !k.missing[id] && len", New: "!now.ids[id] && len", Test: "TestUnknownKeyIsLookedForOnce"},
		{Name: "look for so many keys", File: "keyring.go", Old: " && len(k.missing) < maxMissing {", New: " {", Test: "TestLookingForKeysHasAnEnd"},
		{Name: "leave a retired key alone", File: "keyring.go", Old: "if e.KeyStatus() != keyset.Enabled {", New: "if false {", Test: "TestRetiredKeyOpensNothing"},
		{Name: "rotate past others' writes", File: "rotate.go", Old: "_, err = s.versioned.Swap(ctx, key, stored.Version, r)", New: "err = s.next.Set(ctx, key, r)", Test: "TestRotateLosesNoWrite"},
		{Name: "rotate with the key that seals", File: "rotate.go", Old: "return len(c) > 0 && c[0] == s.keys.form() && c.id() == s.keys.primary(ctx)", New: "return len(c) > 0", Test: "TestRotateSealsWhatOlderKeysSealed"},
		{Name: "go on after a token that does not open", File: "rotate.go", Old: "case errors.Is(err, ErrOpen) && ctx.Err() == nil, errors.Is(err, ErrPlain):", New: "case false:", Test: "TestRotateLeavesWhatDoesNotOpen"},
	}
}

func keyfiles() []breaktest.Break {
	const disk = "TestOnlyAFileIsRead"
	return []breaktest.Break{
		{Name: "refuse a file that others may read", File: "disk.go", Old: "mode&^wanted != 0", New: "mode&^wanted > 0o777", Test: "TestFileIsItsOwnersAlone"},
		{Name: "make a file that others may not read", File: "disk.go", Old: "os.O_WRONLY|os.O_CREATE|os.O_EXCL, wanted)", New: "os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)", Test: "TestFileIsItsOwnersAlone"},
		{Name: "follow no symbolic link", File: "disk.go", Old: "named, err := os.Lstat(path)", New: "named, err := os.Stat(path)", Test: disk},
		{Name: "take turns", File: "disk.go", Old: "os.O_WRONLY|os.O_CREATE|os.O_EXCL, wanted)", New: "os.O_WRONLY|os.O_CREATE|os.O_TRUNC, wanted)", Test: "TestTwoWhoChangeTheKeysForgetNone"},
		{Name: "replace no file", File: "change.go", Old: "return nil, errors.Join(err, fs.ErrExist)", New: "_ = err", Test: "TestCreateReplacesNothing"},
		{Name: "retire no key that tokens need", File: "change.go", Old: "if tokens > 0 {", New: "if false {", Test: "TestKeysLiveThroughTheirLife"},
		{Name: "count in all storages", File: "change.go", Old: "tokens += u.Keys[id]", New: "tokens = u.Keys[id]", Test: "TestKeysOfTwoStoragesAreCounted"},
		{Name: "retire no key that seals", File: "change.go", Old: "case k.Primary:", New: "case k.Primary && false:", Test: "TestRetireRefusesWhatWouldLockOut"},
		{Name: "delete no key that was not retired", File: "change.go", Old: "case !k.Retired:", New: "case !k.Retired && false:", Test: "TestKeysLiveThroughTheirLife"},
		{Name: "quote no file", File: "wrapping.go", Old: "h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))\n\tif err != nil {\n\t\treturn nil, errKeyset", New: "h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))\n\tif err != nil {\n\t\treturn nil, errors.New(string(b))", Test: "TestDamagedFileIsNotQuoted"},
	}
}

func cookies() []breaktest.Break {
	return []breaktest.Break{
		{Name: "bind to the name", File: "cookie.go", Old: "return append(c.bound[:len(c.bound):len(c.bound)], name...)", New: "return c.bound", Test: "TestBoundToNamePurposeAndSecret"},
		{Name: "seal with the newest secret", File: "cookie.go", Old: "k := c.keys[0]", New: "k := c.keys[len(c.keys)-1]", Test: "TestOldSecretsOpenAndTheNewestSeals"},
		{Name: "open what older secrets sealed", File: "cookie.go", Old: "for _, k := range c.keys {", New: "for _, k := range c.keys[:1] {", Test: "TestOldSecretsOpenAndTheNewestSeals"},
		{Name: "want a long secret", File: "cookie.go", Old: "if len(secret) < minSecret {", New: "if false {", Test: "TestSecretsThatAreNone"},
		{Name: "take one text for one value", File: "cookie.go", Old: "base64.RawURLEncoding.Strict()", New: "base64.RawURLEncoding", Test: "TestOnlyWhatWasSealedOpens"},
		{Name: "take no line breaks", File: "cookie.go", Old: "if encoding.EncodedLen(len(sealed)) != len(text) {", New: "if false {", Test: "TestOnlyWhatWasSealedOpens"},
		{Name: "keep parts apart", File: "attributes.go", Old: "b = binary.AppendUvarint(b, uint64(len(part)))", New: "", Test: "TestTagsDifferWhereverPartsEnd"},
		{Name: "have browsers keep it to this host", File: "attributes.go", Old: `return "__Host-" + base`, New: "return base", Test: "TestAttributes"},
		{Name: "hide it from scripts", File: "attributes.go", Old: "HttpOnly: true,", New: "", Test: "TestAttributes"},
		{Name: "send it over https", File: "attributes.go", Old: "Secure:   !insecure,", New: "", Test: "TestAttributes"},
		{Name: "keep it from what other sites post", File: "attributes.go", Old: "SameSite: http.SameSiteLaxMode,", New: "", Test: "TestAttributes"},
	}
}

func sessions() []breaktest.Break {
	return []breaktest.Break{
		{Name: "bind a cookie to its key", File: "sessionstore.go", Old: "return s.prefix + string(cookie.Join(key.Provider, key.User, key.Account))", New: "_ = cookie.Join; return s.prefix", Test: "TestTwoCookiesExchangedOpenNeither"},
		{Name: "remove what does not open", File: "session.go", Old: "in.jar.remove(tag)\n\t\tin.changed = true", New: "_ = tag", Test: "TestWhatWasTamperedWithIsAbsentAndRemoved"},
		{Name: "say what does not open", File: "session.go", Old: `in.s.config.logger().WarnContext(ctx, "waltz: session cookie does not open; taken for absent and removed", "key", key.String())`, New: "_ = ctx", Test: "TestWhatWasTamperedWithIsAbsentAndRemoved"},
		{Name: "refuse what is too large", File: "session.go", Old: "size > most {", New: "size > most+1<<20 {", Test: "TestTooLargeChangesNothingAndSaysWhatToDo"},
		{Name: "refuse what is too late", File: "session.go", Old: "if in.begun {\n\t\treturn token.ErrTooLate", New: "if false {\n\t\treturn token.ErrTooLate", Test: "TestTooLate"},
		{Name: "mix no pieces of two writes", File: "jar.go", Old: "id := rand.Text()[:8]", New: `id := rand.Text()[:0] + "AAAAAAAA"`, Test: "TestPiecesOfTwoWritesNeverMix"},
	}
}

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestDemoInABrowser goes through what the demo offers, in Chromium, over each storage.
func TestDemoInABrowser(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	t.Run("on", func(t *testing.T) { // ends before the browser does
		t.Run("screens", func(t *testing.T) {
			t.Parallel()
			looksAround(t, &visitor{browser.stranger(t), demo(t, "sqlite:tokens.db")})
		})
		for _, storage := range []string{"session:", "memory:", "file:tokens", "sqlite:tokens.db"} {
			t.Run(storage, func(t *testing.T) {
				t.Parallel()
				url := demo(t, storage)
				for name, test := range map[string]func(*testing.T, *visitor){
					"each user connects an account": connects,
					"a denial is a clear page":      denies,
					"two tabs at once both finish":  opensTwoTabs,
					"an expired token is refreshed": refreshes,
					"a dead grant is shown as such": finds,
					"disconnecting deletes":         disconnects,
				} {
					t.Run(name, func(t *testing.T) {
						test(t, &visitor{browser.stranger(t), url})
					})
				}
			})
		}
	})
}

// The buttons of the consent page.
const (
	allow = "button[name=decision][value=allow]"
	deny  = "button[name=decision][value=deny]"
)

// visitor is somebody at the demo.
type visitor struct {
	*tab
	url string
}

// become opens the home page as a user of the application.
func (v *visitor) become(user string) {
	v.t.Helper()
	v.visit(v.url)
	if v.has("#switch-user") {
		v.follow("#switch-user")
	}
	v.follow("#user-" + user)
}

// begin becomes user, who may be connected from an earlier test, and is not afterwards.
func (v *visitor) begin(user string) {
	v.t.Helper()
	v.become(user)
	if v.has("#disconnect") {
		v.follow("#disconnect")
	}
	v.wantHome("none")
}

// connect begins as user, and connects the account with that subject.
func (v *visitor) connect(user, subject string) {
	v.t.Helper()
	v.begin(user)
	v.follow("#connect")
	v.choose(fmt.Sprintf("input[name=subject][value=%q]", subject))
	v.follow(allow)
	v.wantHome("active")
}

// wantState checks the state of the connection that the page shows, and that no secret is on it.
func (v *visitor) wantState(state string) {
	v.t.Helper()
	if got := v.data("state"); got != state {
		v.t.Fatalf("the page shows the state %q, want %q", got, state)
	}
	if strings.Contains(v.html(), "fake-") {
		v.t.Error("a secret of the provider's is on the page")
	}
}

// wantHome checks that the tab shows the home page, with a connection in that state.
func (v *visitor) wantHome(state string) {
	v.t.Helper()
	if got := v.where(); got != v.url {
		v.t.Fatalf("the tab is at %s, want %s", got, v.url)
	}
	v.wantState(state)
}

// wantCall calls the API, which must know the person.
func (v *visitor) wantCall(name string) {
	v.t.Helper()
	v.follow("#call")
	v.wantHome("active")
	if got := v.text("#result"); !strings.Contains(got, "200") || !strings.Contains(got, name) {
		v.t.Errorf("the API answered %q, want 200 and %s", got, name)
	}
}

// wantEvent checks that the page tells of an event, if not at once then when it is looked at again:
// a refresh is told of after the caller has its token.
func (v *visitor) wantEvent(text string) {
	v.t.Helper()
	for range 20 {
		if strings.Contains(v.text("#events"), text) {
			return
		}
		v.visit(v.url)
	}
	v.t.Errorf("the events are %q, want one that says %s", v.text("#events"), text)
}

// looksAround sees each page as computers and phones show it.
func looksAround(_ *testing.T, v *visitor) {
	v.visit(v.url)
	v.show("1-users")
	v.follow("#user-ada")
	v.show("2-none")
	v.follow("#connect")
	v.show("3-consent")
	v.follow(deny)
	v.show("4-denied")
	v.connect("ada", "1001")
	v.show("5-connected")
	v.follow("#call")
	v.show("6-called")
	v.follow("#expire")
	v.show("7-expired")
	v.follow("#call")
	v.show("8-refreshed")
	v.follow("#end")
	v.follow("#call")
	v.visit(v.url)
	v.show("9-ended")
}

func connects(_ *testing.T, v *visitor) {
	v.connect("ada", "1001")
	v.wantCall("Demo Ada")
	v.connect("ben", "1002")
	v.wantCall("Demo Ben")
	v.become("ada")
	v.wantHome("active")
	v.wantCall("Demo Ada")
}

func denies(t *testing.T, v *visitor) {
	v.begin("ada")
	v.follow("#connect")
	if status := v.follow(deny); status != http.StatusForbidden {
		t.Errorf("the page's status is %d, want %d", status, http.StatusForbidden)
	}
	if got := v.text("main"); !strings.Contains(got, "Not connected") || !strings.Contains(got, "Try again") {
		t.Errorf("the page says %q", got)
	}
	v.visit(v.url)
	v.wantHome("none")
}

func opensTwoTabs(_ *testing.T, v *visitor) {
	v.begin("ada")
	other := &visitor{v.another(), v.url}
	other.visit(v.url)
	v.follow("#connect")
	other.follow("#connect")
	other.follow(allow)
	other.wantHome("active")
	v.follow(allow)
	v.wantHome("active")
	v.wantCall("Demo Ada")
	other.wantCall("Demo Ada")
}

func refreshes(t *testing.T, v *visitor) {
	v.connect("ada", "1001")
	v.follow("#expire")
	v.wantHome("active")
	was := v.data("generation")
	v.wantCall("Demo Ada")
	if now := v.data("generation"); was != "0" || now != "1" {
		t.Errorf("the generation went from %s to %s, want from 0 to 1", was, now)
	}
	v.wantCall("Demo Ada") // with what was stored
	if now := v.data("generation"); now != "1" {
		t.Errorf("the generation is %s after another call, want 1", now)
	}
	v.wantEvent("Refreshed")
}

func finds(t *testing.T, v *visitor) {
	v.connect("ada", "1001")
	v.follow("#end")
	v.wantHome("active") // nobody has told the application
	for range 3 {
		if status := v.follow("#call"); status != http.StatusUnauthorized {
			t.Errorf("the page's status is %d, want %d", status, http.StatusUnauthorized)
		}
		v.visit(v.url)
		v.wantHome("reauthorize")
	}
	if got := v.text("main"); !strings.Contains(got, "Please connect again") || !strings.Contains(got, "reauthorize (invalid_grant) since ") {
		t.Errorf("the page says %q", got)
	}
	v.wantEvent("The provider ended the grant: invalid_grant")
	v.follow("#connect")
	v.follow(allow)
	v.wantHome("active")
	v.wantCall("Demo Ada")
}

func disconnects(_ *testing.T, v *visitor) {
	v.connect("ben", "1002")
	v.follow("#disconnect")
	v.wantHome("none")
	v.wantEvent("Disconnected")
}

package flask

import (
	"bufio"
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/waltztest"
)

// python is Debian's, which has the packages.
const python = "/usr/bin/python3"

const secretKey = "fake-secret-key-of-the-flask-application"

// startFlask starts testdata/app.py, for tokens in the database or, if that is "", in the session, and
// returns where it is. More are variables of its environment.
func startFlask(t *testing.T, idp *waltztest.Server, database string, more ...string) string {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import flask_dance, flask_sqlalchemy, psycopg2, flask_caching, redis").CombinedOutput(); err != nil {
		why := "no Flask-Dance: apt-get install python3-flask-dance python3-flask-sqlalchemy python3-psycopg2 python3-flask-caching python3-redis (" + lastLine(out) + ")"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	c := exec.CommandContext(t.Context(), python, "testdata/app.py")
	c.Env = append(os.Environ(), "PROVIDER="+idp.URL, "CLIENT_ID="+idp.ClientID, "CLIENT_SECRET="+idp.ClientSecret, "SECRET_KEY="+secretKey,
		"OAUTHLIB_INSECURE_TRANSPORT=1", "OAUTHLIB_RELAX_TOKEN_SCOPE=1", "PYTHONDONTWRITEBYTECODE=1")
	c.Env = append(c.Env, more...)
	if database != "" {
		c.Env = append(c.Env, "DATABASE="+database)
	}
	log := new(bytes.Buffer)
	c.Stderr = log
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // which says that it was killed
		if t.Failed() {
			t.Log(log.String())
		}
	})
	if err != nil {
		t.Fatal("the Flask application did not start")
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port)
}

// alchemy is the PostgreSQL database at name, as SQLAlchemy wants it.
func alchemy(t *testing.T, name string) string {
	t.Helper()
	u, err := url.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	u.Scheme = "postgresql+psycopg2"
	u.RawQuery = url.Values{"options": {"-csearch_path=" + u.Query().Get("search_path")}}.Encode()
	return u.String()
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

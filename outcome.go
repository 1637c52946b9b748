package waltz

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
)

// outcome is what a person is told of an error, and what a program is.
type outcome struct {
	status int
	level  slog.Level
	title  string
	text   string
	again  string // what the button says that starts the login again; "": none
}

// explain says what err means for the person. %s in a text is the provider's name.
func explain(err error) outcome {
	var refused *provider.Error
	var failed *keeper.Failure
	switch {
	case errors.Is(err, ErrDenied):
		return outcome{http.StatusForbidden, slog.LevelInfo, "Not connected", "You did not give access at %s. Nothing was stored.", "Try again"}
	case errors.Is(err, ErrState):
		return outcome{http.StatusBadRequest, slog.LevelInfo, "This login is over", "It was finished already, or begun in another browser, or this browser keeps no cookies.", "Log in again"}
	case errors.Is(err, ErrStateExpired):
		return outcome{http.StatusBadRequest, slog.LevelInfo, "This login took too long", "For your safety a login must be finished within a few minutes.", "Log in again"}
	case errors.Is(err, ErrUserChanged):
		return outcome{http.StatusConflict, slog.LevelInfo, "Somebody else is signed in now", "This login was begun by another user of this browser. Nothing was stored.", "Log in again"}
	case errors.Is(err, ErrNoUser):
		return outcome{http.StatusUnauthorized, slog.LevelInfo, "Please sign in first", "An account at %s can be connected once you are signed in here.", ""}
	case errors.Is(err, ErrNoToken), errors.Is(err, ErrReauthorize):
		return outcome{http.StatusUnauthorized, slog.LevelInfo, "Please log in at %s", "This page needs your account at %s.", "Log in"}
	case errors.Is(err, ErrAccount):
		return outcome{http.StatusConflict, slog.LevelInfo, "Which account?", "You have connected several accounts at %s, and this page cannot tell which one to use.", ""}
	case errors.Is(err, ErrRefused):
		return outcome{http.StatusForbidden, slog.LevelInfo, "Not accepted", "This account at %s cannot be used here. Nothing was stored.", "Try another account"}
	case errors.Is(err, ErrIssuer), errors.Is(err, ErrNoCode), errors.As(err, &refused) && refused.Code == "unverified_id_token":
		return outcome{http.StatusBadGateway, slog.LevelWarn, "That answer made no sense", "What came back was not what %s should send. Nothing was stored.", "Try again"}
	case errors.Is(err, ErrRevoke):
		return outcome{http.StatusBadGateway, slog.LevelWarn, "Disconnected here only", "Your token was deleted here, but %s did not confirm that it ended. You can remove the access in your account's settings there.", ""}
	case errors.Is(err, ErrTooLarge):
		return outcome{http.StatusInternalServerError, slog.LevelError, "This account cannot be kept", "What %s sent is too large to be stored here.", ""}
	case errors.Is(err, ErrRefreshInProgress), errors.As(err, &failed) && failed.Kind != keeper.Misconfigured:
		return outcome{http.StatusServiceUnavailable, slog.LevelWarn, "%s is not answering", "Your account is still connected. Please try again in a moment.", ""}
	case errors.As(err, &refused) && (refused.Kind == provider.Unsent || refused.Kind == provider.Doubtful || refused.Kind == provider.Limited):
		return outcome{http.StatusBadGateway, slog.LevelWarn, "%s is not answering", "Nothing was stored. Please try again in a moment.", "Try again"}
	case errors.As(err, &refused):
		return outcome{http.StatusBadGateway, slog.LevelError, "%s refused", "The login could not be finished. Nothing was stored.", "Try again"}
	default:
		return outcome{http.StatusInternalServerError, slog.LevelError, "Something went wrong here", "The account at %s could not be used.", ""}
	}
}

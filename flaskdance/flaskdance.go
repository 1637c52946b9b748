// Package flaskdance reads and writes what Flask-Dance keeps, so that a Flask application and a Go
// application serve the same people side by side while routes move from one to the other: nobody logs
// in again.
//
// [Table] is a storage on Flask-Dance's SQL table, and [Session] one in Flask's session cookie. Each
// is given to an App as any other storage is. What a keeper remembers of a token travels in the
// token's JSON, in a member called _waltz, which Flask-Dance leaves alone.
//
// Flask-Dance knows no leases. Where both sides refresh, both may spend one refresh token; so let one
// side do it, as docs/from-flask-dance.md has it.
package flaskdance

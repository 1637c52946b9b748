// Package flask runs a real Flask application with Flask-Dance beside a Go application, on the same
// tables and the same cookies.
package flask

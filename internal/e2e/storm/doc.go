// Package storm proves, with many processes over each storage that can be shared, that each expired
// grant is refreshed once, and that what is killed loses nothing that could have been kept.
package storm

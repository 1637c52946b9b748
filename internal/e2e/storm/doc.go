// Package storm proves, with many processes over each storage that can be shared, that each expired
// grant is refreshed once, and that what is killed loses nothing that could have been kept.
//
// The tests with the tag soak take WALTZ_SOAK_PROCESSES, 32 unless it is set, WALTZ_SOAK_GRANTS, 1000,
// and WALTZ_SOAK_KILLS, 200 at most.
package storm

// Package history records what several processes do to a storage while they are stopped and killed, and
// the engine with them, and has porcupine say whether one storage used by one after another could have
// answered so.
//
// Get is not among what they do: it may be slightly old by its contract, so no order of calls binds it.
package history

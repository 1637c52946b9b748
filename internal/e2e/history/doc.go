// Package history records what several processes do to a storage while they are stopped and killed, and
// the engine with them, and has porcupine say whether one storage used by one after another could have
// answered so.
package history

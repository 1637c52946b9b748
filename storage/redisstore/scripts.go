package redisstore

import "github.com/redis/go-redis/v9"

// script is one in Lua, which a server remembers by a hash.
type script struct {
	*redis.Script
	text string
}

func newScript(text string) script { return script{redis.NewScript(text), text} }

// The keys of each script that writes are the record, the index and what is due, all of one shard.
//
// A script is not undone where it fails, be it for a value of another type or a memory that is full. So
// it publishes first, whose listeners are not served before it has ended; then it adds to the indexes,
// writes the record, and takes from the indexes last. What is too much in them is passed over by lists.
// Replicas and the file on disk get all of a script's changes or none.
const (
	setScript = first + store

	swapScript = first + `
if version ~= ARGV[7] then return 0 end` + store

	deleteScript = first + `
local channel, key, user = unpack(ARGV)
if was ~= '' then redis.call('PUBLISH', channel, key) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], 'k' .. key)
if user ~= '' then redis.call('ZREM', KEYS[2], user .. key) end
if before and before ~= '' then redis.call('ZREM', KEYS[2], before .. key) end
redis.call('ZREM', KEYS[3], key)
return 1`

	loadScript = `
local now = redis.call('TIME')
return {now[1], now[2], redis.call('GET', KEYS[1]) or nil}`

	// confirm is load, and a write of what is there, so that replicas can be waited for.
	confirmScript = `
local now = redis.call('TIME')
local was = redis.call('GET', KEYS[1])
if was then redis.call('SET', KEYS[1], was) end
return {now[1], now[2], was or nil}`

	// first reads the first line of what is there: its version, and its subject's part in the index.
	// Copying all of it would take longer than the rest of the script.
	first = `
local was = redis.call('GETRANGE', KEYS[1], 0, 255)
if #was == 256 and not string.find(was, '\n', 1, true) then was = redis.call('GET', KEYS[1]) end
local version, before = string.match(was, '^(%w+) ([^\n]*)\n')`

	// store leaves alone what the index has of a record that is there: each command costs.
	store = `
local value, channel, key, user, subject, due = unpack(ARGV)
redis.call('PUBLISH', channel, key)
if not version then
	redis.call('ZADD', KEYS[2], 0, 'k' .. key)
	if user ~= '' then redis.call('ZADD', KEYS[2], 0, user .. key) end
end
if subject ~= '' and subject ~= before then redis.call('ZADD', KEYS[2], 0, subject .. key) end
if due ~= '' then redis.call('ZADD', KEYS[3], due, key) end
redis.call('SET', KEYS[1], value)
if before and before ~= '' and before ~= subject then redis.call('ZREM', KEYS[2], before .. key) end
if due == '' then redis.call('ZREM', KEYS[3], key) end
return 1`
)

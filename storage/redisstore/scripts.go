package redisstore

import "github.com/redis/go-redis/v9"

// script is one in Lua, which a server remembers by a hash.
type script struct {
	*redis.Script
	text string
}

func newScript(text string) script { return script{redis.NewScript(text), text} }

// The keys of every script are those of one shard: the record, the index, and what is due. See keys.go
// for what is in them.
//
// What could fail comes before what it would leave half done: a script is not undone. Its own
// changes reach replicas and the file together.
const (
	setScript = `
local was = redis.call('GET', KEYS[1])` + write + `
redis.call('ZADD', KEYS[2], 0, 'k' .. key)
if user ~= '' then redis.call('ZADD', KEYS[2], 0, user .. key) end` + store

	// A record that is there is in the index by its key and its user already.
	swapScript = `
local was = redis.call('GET', KEYS[1])
if not was or string.sub(was, 1, #ARGV[7] + 1) ~= ARGV[7] .. ' ' then return 0 end` + write + store

	deleteScript = `
local was = redis.call('GET', KEYS[1])
local channel, key, user = unpack(ARGV)
if was then redis.call('PUBLISH', channel, key) end
redis.call('ZREM', KEYS[2], 'k' .. key)
if user ~= '' then redis.call('ZREM', KEYS[2], user .. key) end
local subject = string.match(was or '', '^%w* ([^\n]+)\n')
if subject then redis.call('ZREM', KEYS[2], subject .. key) end
redis.call('ZREM', KEYS[3], key)
redis.call('DEL', KEYS[1])
return 1`

	loadScript = `return {redis.call('GET', KEYS[1]), redis.call('TIME')}`

	// Publishing first means that a user who may not publish finds out before anything changed. Nobody
	// who hears of it is served before the script ends.
	write = `
local value, channel, key, user, subject, due = unpack(ARGV)
redis.call('PUBLISH', channel, key)`

	store = `
local before = string.match(was or '', '^%w* ([^\n]+)\n')
if before and before ~= subject then redis.call('ZREM', KEYS[2], before .. key) end
if subject ~= '' and before ~= subject then redis.call('ZADD', KEYS[2], 0, subject .. key) end
if due ~= '' then redis.call('ZADD', KEYS[3], due, key) else redis.call('ZREM', KEYS[3], key) end
redis.call('SET', KEYS[1], value)
return 1`
)

"""The Lua scripts that Redis runs: each applies a batch of one partition and its position atomically.

A position is the offset up to which a partition has been applied. A batch that begins after the position
would leave a gap, and a batch that ends before it is outdated: both are ignored. So an older write never
replaces a newer one, and records that Redis has lost are detected.
"""

from typing import Final

#: KEYS[1]: the positions. ARGV: field of the partition, topic id, first offset, end offset.
_POSITION: Final = """
local known, at = redis.call('HGET', KEYS[1], ARGV[1]), 0
if known then
  local topic, offset = string.match(known, '^(.*):(%d+)$')
  if topic ~= ARGV[2] then return -1 end
  at = tonumber(offset)
end
if at < tonumber(ARGV[3]) or at >= tonumber(ARGV[4]) then return at end
"""
_MOVE_ON: Final = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. ARGV[4])
return tonumber(ARGV[4])
"""

#: KEYS[2]: sorted set of customers at risk; [3]: of valuable customers; [4]: prefix of the customers' keys.
#: ARGV[5…]: five for each record: customer, offset, profile, lateness, value; an unset one is empty.
#: The version of each customer protects a newer profile even if the positions were lost.
#: A key of another type is none of ours, and is replaced.
CUSTOMERS: Final = f"""{_POSITION}
local function rank(set, score, customer)
  if score == '' then redis.call('ZREM', set, customer) else redis.call('ZADD', set, score, customer) end
end
for i = 5, #ARGV, 5 do
  local customer, offset, profile = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local key = KEYS[4] .. customer
  local held = redis.pcall('HGET', key, 'version')
  if type(held) == 'table' then
    redis.call('DEL', key)
    held = ''
  end
  local from, version = string.match(held or '', '^(.*):(%d+)$')
  if from ~= ARGV[1] or tonumber(version) < tonumber(offset) then
    if profile == '' then
      redis.call('DEL', key)
    else
      redis.call('HSET', key, 'profile', profile, 'version', ARGV[1] .. ':' .. offset)
    end
    rank(KEYS[2], ARGV[i + 3], customer)
    rank(KEYS[3], ARGV[i + 4], customer)
  end
end
{_MOVE_ON}"""

#: KEYS[1]: prefix of the customers' keys. ARGV: customers.
#: Returns two for each: version, and SHA-1 of the profile; empty where they are missing.
INSPECT: Final = """
local found = {}
for i = 1, #ARGV do
  local version = redis.pcall('HGET', KEYS[1] .. ARGV[i], 'version')
  local profile = redis.pcall('HGET', KEYS[1] .. ARGV[i], 'profile')
  found[2 * i - 1] = type(version) == 'string' and version or ''
  found[2 * i] = type(profile) == 'string' and redis.sha1hex(profile) or ''
end
return found
"""

#: KEYS[2]: the metrics. ARGV[5…]: two for each record: series, value; empty for a deleted series.
METRICS: Final = f"""{_POSITION}
for i = 5, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
{_MOVE_ON}"""

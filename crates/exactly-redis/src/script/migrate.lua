-- Copies or moves one key to another name, unless something is there. What stands beside it, such as
-- a capacity's leases, goes with it; the epoch of a counter does not, for under another name it is
-- another life.

local half = #KEYS / 2
local from, from_epoch, to = KEYS[1], KEYS[2], KEYS[half + 1]
local echo, go, moves = ARGV[1], ARGV[2] == 'go', ARGV[3] == 'move'

local function sorted(list)
  table.sort(list)
  return list
end

local function pairs_of(list)
  local joined = {}
  for place = 1, #list, 2 do
    joined[#joined + 1] = #list[place] .. ':' .. list[place] .. list[place + 1]
  end
  return sorted(joined)
end

-- All that is stored, in an order of its own where the server keeps none. What it is of no kind known
-- here is compared as it is dumped.
local function all_of(kind, name)
  if kind == 'string' then return { redis.call('GET', name) } end
  if kind == 'list' then return redis.call('LRANGE', name, 0, -1) end
  if kind == 'set' then return sorted(redis.call('SMEMBERS', name)) end
  if kind == 'zset' then return pairs_of(redis.call('ZRANGE', name, 0, -1, 'WITHSCORES')) end
  if kind == 'hash' then return pairs_of(redis.call('HGETALL', name)) end
  return { redis.call('DUMP', name) }
end

local function same()
  local kind = redis.call('TYPE', from).ok
  if redis.call('TYPE', to).ok ~= kind then return false end
  local one, two = all_of(kind, from), all_of(kind, to)
  if #one ~= #two then return false end
  for place, word in ipairs(one) do
    if two[place] ~= word then return false end
  end
  return true
end

if redis.call('EXISTS', from) == 0 then return echo .. 'gone' end
if redis.call('EXISTS', to) == 1 then return echo .. (same() and 'same' or 'taken') end
if not go then return echo .. 'free' end
-- Asked before anything is written, for a script that fails undoes nothing.
if redis.acl_check_cmd and not redis.acl_check_cmd(moves and 'RENAME' or 'COPY', from, to) then
  return echo .. 'denied'
end
-- What is left of an object that was there before stands in nobody's way.
redis.call('DEL', unpack(KEYS, half + 2))
for place = 3, half do
  if redis.call('EXISTS', KEYS[place]) == 1 then
    redis.call(moves and 'RENAME' or 'COPY', KEYS[place], KEYS[half + place])
  end
end
redis.call(moves and 'RENAME' or 'COPY', from, to)
if moves then redis.call('DEL', from_epoch) end
return echo .. 'done'

-- What every script begins with: the arguments, one after the other, the server's time, and the one
-- door for writes.

local echo, keys, args = ARGV[1], 0, 1

local function key()
  keys = keys + 1
  return KEYS[keys]
end

local function arg()
  args = args + 1
  return ARGV[args]
end

local moment

-- Microseconds, the same during one script. Exact in a double until the year 2255.
local function now()
  if not moment then
    local time = redis.call('TIME')
    moment = time[1] * 1000000 + time[2]
  end
  return moment
end

-- A script that fails undoes nothing by itself. So every write passes here, and whatever fails later
-- knows whether something stands.
local written = 0

local function write(...)
  local told = redis.call(...)
  written = written + 1
  return told
end

-- The server refuses something of its own accord, a right or its memory. That is its word on the
-- whole batch as long as nothing was written; after that nobody may believe that nothing was.
local function fail(told)
  local text = type(told) == 'table' and told.err or told
  if written > 0 then text = 'HALFDONE ' .. text end
  -- Since Redis 7 an error keeps its name in a table; before, scripts raised texts alone.
  error(redis.REDIS_VERSION and { err = text } or text, 0)
end

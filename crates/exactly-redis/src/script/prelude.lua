-- What every script begins with: the arguments, one after the other, and the server's time.

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

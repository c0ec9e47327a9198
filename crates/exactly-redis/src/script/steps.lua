-- What the steps of all kinds share. A step answers a list of words; one that does not fit what is
-- stored raises its words, and nothing of it was written. Every write tells first how it is taken
-- back, because a script that fails undoes nothing by itself.

-- The keys of the next object: its own, then those that may stand beside one of the kind at hand.
local width

local function object_keys()
  local names = {}
  for place = 1, width do names[place] = key() end
  return names
end

local journal

local function taken_back_by(...)
  if journal then journal[#journal + 1] = { ... } end
end

local function take_back()
  for place = #journal, 1, -1 do
    local told = redis.pcall(unpack(journal[place]))
    if type(told) == 'table' and told.err then fail(told) end
  end
  written = 0
end

local function misuse(...)
  error({ words = { 'misuse', ... } })
end

local KINDS = {
  string = 'a counter, value or flag', list = 'a list', set = 'a set', zset = 'a sorted set',
  hash = 'a map',
}

-- A hash of the library's own has a field that no map may have.
local HASHES = {
  ['::limit'] = 'a capacity', ['::fence'] = 'a lock', ['::arrival'] = 'a limiter',
  ['::queue'] = 'a queue', ['::attempts'] = 'work that is done once',
}
local MARKS = { '::limit', '::fence', '::arrival', '::queue', '::attempts' }

-- The kind of what is stored, in the words of the library.
local function kind_of(main)
  local kind = redis.call('TYPE', main).ok
  if kind == 'hash' then
    for field, name in pairs(HASHES) do
      if redis.call('HEXISTS', main, field) == 1 then return name end
    end
  end
  return KINDS[kind] or 'a ' .. kind .. ' of another program'
end

-- Whether this is what the server answers where something else is stored. What else it refuses, it
-- refuses as a whole.
local function is_of_another_type(told)
  if type(told) ~= 'table' or not told.err then return false end
  if string.sub(told.err, 1, 9) ~= 'WRONGTYPE' then error(told, 0) end
  return true
end

-- How long a key has left, in milliseconds; nothing where it has no end. In its last millisecond it
-- has 0 left, which the server would take for no end, or for one that has passed.
local function life_of(name)
  local left = redis.call('PTTL', name)
  return left >= 0 and math.max(left, 1) or nil
end

-- How a key is restored to what it is now, whatever that is. For texts it costs their size; other
-- kinds are dumped only where they are about to be removed, which costs their size as well.
local function remember(name)
  if not journal then return end
  local kind = redis.call('TYPE', name).ok
  if kind == 'none' then return taken_back_by('DEL', name) end
  local left = life_of(name)
  if kind == 'string' then
    if left then return taken_back_by('SET', name, redis.call('GET', name), 'PX', left) end
    return taken_back_by('SET', name, redis.call('GET', name))
  end
  -- Some users may not restore what they may delete: asked now, not when it is too late.
  if redis.acl_check_cmd and not redis.acl_check_cmd('RESTORE', name, '0', '') then
    misuse('server', 'in a batch of several operations this one needs the right `+restore`')
  end
  taken_back_by('RESTORE', name, left or 0, redis.call('DUMP', name), 'REPLACE')
end

local function remember_life(name)
  if not journal then return end
  local left = life_of(name)
  if left then
    taken_back_by('PEXPIRE', name, left)
  else
    taken_back_by('PERSIST', name)
  end
end

-- Lets all keys of an object end at a moment, in milliseconds; one that has passed removes them.
local function live_until(names, moment)
  if tonumber(moment) <= math.floor(now() / 1000) then
    for _, name in ipairs(names) do remember(name) end
    return write('DEL', unpack(names))
  end
  for _, name in ipairs(names) do
    remember_life(name)
    write('PEXPIREAT', name, moment)
  end
end

-- The time to live of an object is that of all its keys, and a write starts it in the same step.
local function live(names, how, time)
  if how == '' then return end
  if how == 'until' then return live_until(names, time) end
  local left = redis.call('PTTL', names[1])
  if left == -2 or (how == 'first' and left ~= -1) then return end
  for _, name in ipairs(names) do
    remember_life(name)
    write('PEXPIRE', name, time)
  end
end

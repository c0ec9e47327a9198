-- Capacities: a hash with the limit, the units confirmed and held, and a field for each hold with
-- its units (`=` in front once confirmed); beside it the holds in the order in which their leases
-- end, in microseconds.

local function levels_at(main, limit)
  local kind = redis.call('TYPE', main).ok
  if kind == 'none' then return false, limit, 0, 0 end
  local stored = kind == 'hash' and redis.call('HMGET', main, 'limit', 'confirmed', 'held')
  if not stored or not stored[1] then misuse('type', 'a capacity', kind_of(main)) end
  return true, tonumber(stored[1]), tonumber(stored[2]), tonumber(stored[3])
end

-- Frees what is held on leases that are over: a part at a time, and each hold once.
local function lapse(main, leases)
  local over
  repeat
    over = redis.call('ZRANGEBYSCORE', leases, '-inf', now(), 'LIMIT', 0, 500)
    if #over > 0 then
      local freed = 0
      for _, units in ipairs(redis.call('HMGET', main, unpack(over))) do
        freed = freed + (tonumber(units or 0) or 0)
      end
      redis.call('HDEL', main, unpack(over))
      redis.call('ZREM', leases, unpack(over))
      if freed > 0 then redis.call('HINCRBY', main, 'held', string.format('%.0f', -freed)) end
    end
  until #over < 500
end

local function change(main, field, by)
  taken_back_by('HINCRBY', main, field, string.format('%.0f', -by))
  redis.call('HINCRBY', main, field, string.format('%.0f', by))
end

local function fill(main, exists, limit)
  if exists then return end
  remember(main)
  redis.call('HSET', main, 'limit', string.format('%.0f', limit), 'confirmed', 0, 'held', 0)
end

local function hold(main, leases, id, units, until_)
  taken_back_by('HDEL', main, id)
  taken_back_by('ZREM', leases, id)
  redis.call('HSET', main, id, string.format('%.0f', units))
  redis.call('ZADD', leases, string.format('%.0f', until_), id)
  change(main, 'held', units)
  -- The leases live as long as the capacity does.
  local left = redis.call('PTTL', main)
  if left > 0 then redis.call('PEXPIRE', leases, left) end
end

-- The units of a hold that is not confirmed; nil when there is none.
local function held_by(main, id)
  return tonumber(redis.call('HGET', main, id) or '')
end

local function release(main, leases, id, units)
  taken_back_by('HSET', main, id, string.format('%.0f', units))
  taken_back_by('ZADD', leases, redis.call('ZSCORE', leases, id), id)
  redis.call('HDEL', main, id)
  redis.call('ZREM', leases, id)
  change(main, 'held', -units)
end

local function confirm(main, id)
  local found = redis.call('HGET', main, id)
  if not found then return { 'refused' } end
  local units = tonumber(found)
  if units then
    taken_back_by('HSET', main, id, found)
    redis.call('HSET', main, id, '=' .. found)
    change(main, 'held', -units)
    change(main, 'confirmed', units)
  end
  return { 'done' }
end

local function numbers(...)
  local words = { ... }
  for place, number in ipairs(words) do words[place] = string.format('%.0f', number) end
  return words
end

local function capacity(op, names)
  local main, leases = names[1], names[3]
  local limit = tonumber(arg())
  local exists, confirmed, held
  exists, limit, confirmed, held = levels_at(main, limit)
  if exists and redis.call('EXISTS', leases) == 1 then
    lapse(main, leases)
    exists, limit, confirmed, held = levels_at(main, limit)
  end
  local free = math.max(0, limit - confirmed - held)
  if op == 'read' then return numbers(limit, free, held, confirmed) end
  if op == 'take' then
    local id, units, lease = arg(), tonumber(arg()), tonumber(arg())
    if exists and redis.call('HEXISTS', main, id) == 1 then return { 'done', id } end
    if units > free then return { 'refused', unpack(numbers(free, held)) } end
    fill(main, exists, limit)
    hold(main, leases, id, units, now() + lease)
    return { 'done', id }
  end
  if op == 'confirm' then
    return confirm(main, arg())
  end
  if op == 'release' or op == 'extend' then
    local id, lease = arg(), tonumber(arg())
    local units = held_by(main, id)
    if not units then return { op == 'release' and 'none' or 'refused' } end
    release(main, leases, id, units)
    if op == 'extend' then hold(main, leases, id, units, now() + lease) end
    return { 'done' }
  end
  if op == 'back' then
    local units = tonumber(arg())
    if confirmed < units then return { 'refused', unpack(numbers(confirmed)) } end
    change(main, 'confirmed', -units)
    return { 'done' }
  end
  -- resize
  local to = tonumber(arg())
  fill(main, exists, to)
  if exists then
    taken_back_by('HSET', main, 'limit', string.format('%.0f', limit))
    redis.call('HSET', main, 'limit', string.format('%.0f', to))
  end
  return numbers(math.max(0, confirmed + held - to))
end

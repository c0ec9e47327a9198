-- Capacities: a hash with the limit (in a field that no map may have), the units confirmed and held,
-- and a field for each hold with its units (`=` in front once confirmed); beside it the holds in the
-- order in which their leases end, in microseconds.

local function digits(number)
  return string.format('%.0f', number)
end

-- What is stored, and the hold with this id. A capacity that is missing has nothing but a limit.
local function stored_at(main, limit, id)
  local found = redis.pcall('HMGET', main, '::limit', 'confirmed', 'held', id)
  if is_of_another_type(found) or (not found[1] and redis.call('EXISTS', main) == 1) then
    misuse('type', 'a capacity', kind_of(main))
  end
  return {
    exists = found[1] ~= false,
    limit = tonumber(found[1] or limit),
    confirmed = tonumber(found[2] or 0),
    held = tonumber(found[3] or 0),
    -- The units of the hold as they are written; false when there is none.
    hold = found[4],
  }
end

-- Frees what is held on leases that are over: a part at a time, and each hold once. It is time that
-- does this and not the batch, so it is no write of the batch's.
local function lapse(main, leases)
  local lapsed, over = false, nil
  repeat
    over = redis.pcall('ZRANGEBYSCORE', leases, '-inf', digits(now()), 'LIMIT', 0, 500)
    if is_of_another_type(over) then
      misuse('type', 'the leases of a capacity', kind_of(leases))
    end
    if #over > 0 then
      local freed = 0
      for _, units in ipairs(redis.call('HMGET', main, unpack(over))) do
        freed = freed + (tonumber(units or 0) or 0)
      end
      redis.call('HDEL', main, unpack(over))
      redis.call('ZREM', leases, unpack(over))
      if freed > 0 then redis.call('HINCRBY', main, 'held', digits(-freed)) end
      lapsed = true
    end
  until #over < 500
  return lapsed
end

local function read(main, leases, limit, id)
  local state = stored_at(main, limit, id)
  -- Asked of a missing one as well: somebody may have put something else where its leases will be.
  if lapse(main, leases) then state = stored_at(main, limit, id) end
  state.free = math.max(0, state.limit - state.confirmed - state.held)
  return state
end

-- Writes numbers of the capacity, and the hold: its units, or nothing to end it.
local function store(main, state, fields, id, hold)
  if not state.exists then
    remember(main)
    write('HSET', main, '::limit', digits(state.limit), 'confirmed', 0, 'held', 0)
  end
  local changes = {}
  for name, number in pairs(fields) do
    local field = name == 'limit' and '::limit' or name
    taken_back_by('HSET', main, field, digits(state[name]))
    changes[#changes + 1] = field
    changes[#changes + 1] = digits(number)
  end
  if id then
    if state.hold then
      taken_back_by('HSET', main, id, state.hold)
    else
      taken_back_by('HDEL', main, id)
    end
    if hold then
      changes[#changes + 1] = id
      changes[#changes + 1] = hold
    else
      write('HDEL', main, id)
    end
  end
  write('HSET', main, unpack(changes))
end

-- Lets the lease of a hold end so many microseconds from now.
local function lease_until(main, leases, id, lease)
  if journal then
    local before = redis.call('ZSCORE', leases, id)
    if before then
      taken_back_by('ZADD', leases, before, id)
    else
      taken_back_by('ZREM', leases, id)
    end
  end
  write('ZADD', leases, digits(now() + lease), id)
  -- The leases live as long as the capacity does.
  local left = life_of(main)
  if left then write('PEXPIRE', leases, left) end
end

local function numbers(...)
  local words = { ... }
  for place, number in ipairs(words) do words[place] = digits(number) end
  return words
end

local function take(main, leases, state, id, units, lease)
  if state.hold then return { 'done', id } end
  if units > state.free then return { 'refused', unpack(numbers(state.free, state.held)) } end
  store(main, state, { held = state.held + units }, id, digits(units))
  lease_until(main, leases, id, lease)
  return { 'done', id }
end

local function confirm(main, state, id)
  if not state.hold then return { 'refused' } end
  local units = tonumber(state.hold)
  if units then
    local fields = { held = state.held - units, confirmed = state.confirmed + units }
    store(main, state, fields, id, '=' .. state.hold)
  end
  return { 'done' }
end

local function release(main, leases, state, id)
  local units = tonumber(state.hold or '')
  if not units then return { 'none' } end
  if journal then taken_back_by('ZADD', leases, redis.call('ZSCORE', leases, id), id) end
  write('ZREM', leases, id)
  store(main, state, { held = state.held - units }, id, nil)
  return { 'done' }
end

-- Whether this hold's lease still runs.
local function runs(main, leases, id)
  return tonumber(read(main, leases, 0, id).hold or '') ~= nil
end

local function capacity(op, names)
  local main, leases = names[1], names[2]
  local limit, id = arg(), arg()
  local state = read(main, leases, limit, id)
  if op == 'read' then
    return numbers(state.limit, state.free, state.held, state.confirmed)
  end
  if op == 'take' then
    return take(main, leases, state, id, tonumber(arg()), tonumber(arg()))
  end
  if op == 'confirm' then return confirm(main, state, id) end
  if op == 'release' then return release(main, leases, state, id) end
  if op == 'extend' then
    if not tonumber(state.hold or '') then return { 'refused' } end
    lease_until(main, leases, id, tonumber(arg()))
    return { 'done' }
  end
  local units = tonumber(arg())
  if op == 'back' then
    if state.confirmed < units then return { 'refused', digits(state.confirmed) } end
    store(main, state, { confirmed = state.confirmed - units })
    return { 'done' }
  end
  -- resize
  store(main, state, { limit = units })
  return numbers(math.max(0, state.confirmed + state.held - units))
end

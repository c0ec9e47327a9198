-- Capacities: a hash with the limit (in a field that no map may have), the units confirmed and held,
-- and a field for each hold with its units (`=` in front once confirmed); beside it the holds in the
-- order in which their leases end, in microseconds.

local function digits(number)
  return string.format('%.0f', number)
end

-- What is stored, and the holds with these ids. A capacity that is missing has nothing but a limit.
local function stored_at(main, limit, ...)
  local found = redis.pcall('HMGET', main, '::limit', 'confirmed', 'held', ...)
  if is_of_another_type(found) or (not found[1] and redis.call('EXISTS', main) == 1) then
    misuse('type', 'a capacity', kind_of(main))
  end
  return {
    exists = found[1] ~= false,
    limit = tonumber(found[1] or limit),
    confirmed = tonumber(found[2] or 0),
    held = tonumber(found[3] or 0),
    -- The units of the first hold as they are written; false when there is none.
    hold = found[4],
    -- From the fourth on those of all.
    found = found,
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

local function read(main, leases, limit, ...)
  local state = stored_at(main, limit, ...)
  -- Asked of a missing one as well: somebody may have put something else where its leases will be.
  if lapse(main, leases) then state = stored_at(main, limit, ...) end
  state.free = math.max(0, state.limit - state.confirmed - state.held)
  return state
end

-- Writes numbers of the capacity, and these fields with what they get, one after the other.
local function store(main, state, levels, changes)
  if not state.exists then
    remember(main)
    write('HSET', main, '::limit', digits(state.limit), 'confirmed', 0, 'held', 0)
  end
  for name, number in pairs(levels) do
    local field = name == 'limit' and '::limit' or name
    taken_back_by('HSET', main, field, digits(state[name]))
    changes[#changes + 1] = field
    changes[#changes + 1] = digits(number)
  end
  write('HSET', main, unpack(changes))
end

-- Holds so many units under each of the first of these ids, which are new, until a lease ends so
-- many microseconds from now.
local function hold(main, leases, state, ids, count, units, lease)
  local changes, ends = {}, {}
  local units_each, moment = digits(units), digits(now() + lease)
  for place = 1, count do
    local even = 2 * place
    changes[even - 1], changes[even] = ids[place], units_each
    ends[even - 1], ends[even] = moment, ids[place]
  end
  if journal then
    taken_back_by('HDEL', main, unpack(ids, 1, count))
    taken_back_by('ZREM', leases, unpack(ids, 1, count))
  end
  store(main, state, { held = state.held + count * units }, changes)
  write('ZADD', leases, unpack(ends))
  -- The leases live as long as the capacity does. One that is new has no end yet, and where units
  -- are held already, their leases have it.
  if not state.exists or state.held > 0 then return end
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
  hold(main, leases, state, { id }, 1, units, lease)
  return { 'done', id }
end

-- As so many takes in a row, each of another id. All ask for as many units, so those that fit are
-- the first of the new, and the others are told the same. Answers how many fit, what is free and held
-- after them, the ids where other ones may be asked for next time, and the places of those that were
-- held before. Ids that nobody needs are left out: Lua reads each text that it makes to its end.
local function take_each(main, leases, limit, count)
  local units, lease = tonumber(arg()), tonumber(arg())
  local ids = { unpack(ARGV, args + 1, args + count) }
  local state = read(main, leases, limit, unpack(ids))
  local new, known, found = ids, {}, state.found
  for place = 1, count do
    if found[3 + place] then known[#known + 1] = place end
  end
  if #known > 0 then
    new = {}
    for place = 1, count do
      if not found[3 + place] then new[#new + 1] = ids[place] end
    end
  end
  local fit = math.min(#new, math.floor(state.free / units))
  if fit > 0 then hold(main, leases, state, new, fit, units, lease) end
  local taken = fit * units
  local levels = numbers(fit, state.free - taken, state.held + taken)
  if fit == 0 and #known == 0 then return { 'refused', unpack(levels) } end
  -- What is rehearsed is answered alike under whatever token it is then done.
  local first = (asks_for_others or journal) and table.concat(ids) or ''
  local told = { 'done', levels[1], levels[2], levels[3], first }
  for place, number in ipairs(known) do told[5 + place] = digits(number) end
  return told
end

local function confirm(main, state, id)
  if not state.hold then return { 'refused' } end
  local units = tonumber(state.hold)
  if units then
    taken_back_by('HSET', main, id, state.hold)
    local fields = { held = state.held - units, confirmed = state.confirmed + units }
    store(main, state, fields, { id, '=' .. state.hold })
  end
  return { 'done' }
end

local function release(main, leases, state, id)
  local units = tonumber(state.hold or '')
  if not units then return { 'none' } end
  if journal then taken_back_by('ZADD', leases, redis.call('ZSCORE', leases, id), id) end
  write('ZREM', leases, id)
  taken_back_by('HSET', main, id, state.hold)
  write('HDEL', main, id)
  store(main, state, { held = state.held - units }, {})
  return { 'done' }
end

local function extend(leases, state, id, lease)
  if not tonumber(state.hold or '') then return { 'refused' } end
  if journal then taken_back_by('ZADD', leases, redis.call('ZSCORE', leases, id), id) end
  write('ZADD', leases, digits(now() + lease), id)
  return { 'done' }
end

-- Whether this hold's lease still runs.
local function runs(main, leases, id)
  return tonumber(read(main, leases, 0, id).hold or '') ~= nil
end

local function capacity(op, names)
  local main, leases = names[1], names[2]
  local limit, id = arg(), arg()
  if op == 'take each' then return take_each(main, leases, limit, tonumber(id)) end
  local state = read(main, leases, limit, id)
  if op == 'read' then
    return numbers(state.limit, state.free, state.held, state.confirmed)
  end
  if op == 'take' then
    return take(main, leases, state, id, tonumber(arg()), tonumber(arg()))
  end
  if op == 'confirm' then return confirm(main, state, id) end
  if op == 'release' then return release(main, leases, state, id) end
  if op == 'extend' then return extend(leases, state, id, tonumber(arg())) end
  local units = tonumber(arg())
  if op == 'back' then
    if state.confirmed < units then return { 'refused', digits(state.confirmed) } end
    store(main, state, { confirmed = state.confirmed - units }, {})
    return { 'done' }
  end
  -- resize
  store(main, state, { limit = units }, {})
  return numbers(math.max(0, state.confirmed + state.held - units))
end

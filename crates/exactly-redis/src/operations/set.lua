-- Sets: members, each once.

-- How many members there are. Every step begins with it: what is no set is told before anything is
-- written. `place` is that of the key among those of the step, where it is not its own.
local function set_len(name, place)
  local len = redis.pcall('SCARD', name)
  if is_of_another_type(len) then misuse('type', 'a set', kind_of(name), place) end
  return len
end

-- Whether each of them is a member: 1 or 0. Servers before 6.2 are asked for one after the other.
local function are_members(main, list)
  local found = {}
  for first = 1, #list, PART do
    local last = math.min(first + PART - 1, #list)
    local told = redis.pcall('SMISMEMBER', main, unpack(list, first, last))
    for place = first, last do
      found[place] = told.err and redis.call('SISMEMBER', main, list[place])
        or told[place - first + 1]
    end
  end
  return found
end

-- Those that are members and those that are not, each once.
local function told_apart(main, list)
  local apart, seen = { [0] = {}, {} }, {}
  for place, is in ipairs(are_members(main, list)) do
    local member = list[place]
    if not seen[member] then
      seen[member] = true
      table.insert(apart[is], member)
    end
  end
  return apart[1], apart[0]
end

-- A word in front, for a member may be any word.
local function of_members(list)
  local words = { 'members' }
  for place, member in ipairs(list) do words[place + 1] = member end
  return words
end

-- The other sets of the step, each looked at.
local function other_sets(count)
  local names = {}
  for place = 1, tonumber(count) do
    names[place] = object_keys()[1]
    set_len(names[place], tostring(place))
  end
  return names
end

local COMBINED = {
  union = function(...) return redis.call('SUNION', ...) end,
  intersection = function(...) return redis.call('SINTER', ...) end,
  difference = function(...) return redis.call('SDIFF', ...) end,
}

local STORED = {
  union = function(...) return write('SUNIONSTORE', ...) end,
  intersection = function(...) return write('SINTERSTORE', ...) end,
  difference = function(...) return write('SDIFFSTORE', ...) end,
}

-- Puts other members in place of all, with `store`, which answers how many there are. Whatever stores
-- a set anew drops its time to live.
local function replaced(main, before, store)
  local left = redis.call('PTTL', main)
  remember(main)
  local len = store()
  if left >= 0 and len > 0 then write('PEXPIRE', main, math.max(left, 1)) end
  return { 'done', digits(len), digits(before) }
end

local sets = {}

function sets.len(main)
  return { digits(set_len(main)) }
end

function sets.contains(main)
  set_len(main)
  local found = are_members(main, some_args(arg()))
  for place, is in ipairs(found) do found[place] = digits(is) end
  return found
end

function sets.all(main)
  set_len(main)
  return of_members(redis.call('SMEMBERS', main))
end

-- Where to go on, and some members.
function sets.page(main)
  set_len(main)
  local told = redis.call('SSCAN', main, arg(), 'COUNT', arg())
  local words = of_members(told[2])
  words[1] = told[1]
  return words
end

function sets.random(main)
  set_len(main)
  return of_members(redis.call('SRANDMEMBER', main, arg()))
end

function sets.combine(main)
  set_len(main)
  local how = arg()
  return of_members(COMBINED[how](main, unpack(other_sets(arg()))))
end

function sets.add(main)
  local limit, list = arg(), some_args(arg())
  local len = set_len(main)
  local free = limit ~= '' and math.max(0, limit - len)
  -- Where there is room for all, and nothing to be taken back, nobody asks who is new.
  if journal or (free and free < #list) then
    local _, new = told_apart(main, list)
    if free and #new > free then return { 'refused', digits(free) } end
    in_parts(taken_back_by, 'SREM', main, new)
    list = new
  end
  return { 'done', digits(in_parts(write, 'SADD', main, list)) }
end

function sets.remove(main)
  local list = some_args(arg())
  if set_len(main) == 0 then return { '0' } end
  if journal then
    list = told_apart(main, list)
    remember_life_of(main)
    in_parts(taken_back_by, 'SADD', main, list)
  end
  return { digits(in_parts(write, 'SREM', main, list)) }
end

-- Only what is drawn can tell how it is taken back.
function sets.pop(main)
  local count = arg()
  if set_len(main) == 0 or count == '0' then return of_members({}) end
  remember_life_of(main)
  local drawn = write('SPOP', main, count)
  in_parts(taken_back_by, 'SADD', main, drawn)
  return of_members(drawn)
end

function sets.move(main)
  local member, limit, how, time = arg(), arg(), arg(), arg()
  local names = object_keys()
  local target = names[1]
  local found, len = set_len(main) > 0, set_len(target, '1')
  if not found or redis.call('SISMEMBER', main, member) == 0 then return { 'missing' } end
  if main ~= target then
    local is_there = redis.call('SISMEMBER', target, member) == 1
    if not is_there and limit ~= '' and len >= tonumber(limit) then return { 'refused' } end
    remember_life_of(main)
    taken_back_by('SADD', main, member)
    if not is_there then taken_back_by('SREM', target, member) end
    write('SMOVE', main, target, member)
  end
  live(names, how, time)
  return { 'done' }
end

function sets.replace(main)
  local limit, list = arg(), some_args(arg())
  local before = set_len(main)
  if limit ~= '' and #list > tonumber(limit) then
    local found, seen = 0, {}
    for _, member in ipairs(list) do
      if not seen[member] then found, seen[member] = found + 1, true end
    end
    if found > tonumber(limit) then return { 'refused', digits(found) } end
  end
  return replaced(main, before, function()
    if before > 0 then write('DEL', main) end
    return in_parts(write, 'SADD', main, list)
  end)
end

function sets.store(main)
  local how, limit = arg(), arg()
  local before, of = set_len(main), other_sets(arg())
  if limit ~= '' then
    local found = #COMBINED[how](unpack(of))
    if found > tonumber(limit) then return { 'refused', digits(found) } end
  end
  return replaced(main, before, function() return STORED[how](main, unpack(of)) end)
end

local function set(op, names)
  return sets[op](names[1])
end

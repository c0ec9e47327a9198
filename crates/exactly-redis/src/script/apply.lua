-- A batch: what it requires, then its steps. `kinds` has the functions of the kinds it needs.

local function words_of(list)
  local words = {}
  for place, word in ipairs(list) do words[place] = #word .. ':' .. word end
  return table.concat(words)
end

-- What a step answers, or the words of its misuse. What else fails is the server's own refusal: of
-- the whole batch where nothing stands, of this step alone where only others do.
local function attempt(step, ...)
  local before = written
  local fine, told = pcall(step, ...)
  if fine then return true, told end
  if type(told) == 'table' and told.words then return false, told.words end
  if journal then take_back() end
  if written == 0 or written > before then fail(told) end
  return false, { 'misuse', 'server', type(told) == 'table' and told.err or told }
end

local function holds(condition, names)
  local main = names[1]
  if condition == 'exists' then return redis.call('EXISTS', main) == 1 end
  if condition == 'absent' then return redis.call('EXISTS', main) == 0 end
  if condition == 'equals' then return text_at(main) == arg() end
  if condition == 'locks' then return locks(names, arg()) end
  return runs(main, names[2], arg())
end

local function required()
  for place = 0, arg() - 1 do
    width = tonumber(arg())
    local condition, names = arg(), object_keys()
    local fine, told = attempt(holds, condition, names)
    if not fine then return echo .. 'fault' .. place .. ';required;' .. words_of(told) end
    if not told then return answer('unmet' .. place .. ';') end
  end
end

-- Where the arguments of the next step begin, whatever a step that failed has read of its own.
local function skip_to(next_key, next_arg)
  keys, args = next_key, next_arg
end

local REFUSALS = { refused = true, missing = true, taken = true }

-- A step and its time to live, which is part of the write.
local function take_step(kind, op, names, how, time, target)
  local words = kinds[kind](op, names)
  if how ~= '' and not REFUSALS[words[1]] then
    live(names, how, time)
    if op == 'rename' then live(target, how, time) end
  end
  return words
end

-- By what a transaction knows again what a step has told it: all the words, but for those that time
-- alone changes, and in an order of their own where the server keeps none. Long ones by their hash.
local TIMELESS = {
  ['object.ttl'] = function(words)
    return { string.sub(words[1], 1, 1) == '-' and words[1] or 'left' }
  end,
  ['lock.read'] = function(words) return { words[1], words[2], words[4], words[5] } end,
  ['limiter.peek'] = function(words) return { words[1] } end,
  ['limiter.check'] = function(words)
    return words[1] == 'refused' and { words[1], words[3] } or words
  end,
  ['queue.depth'] = function(words) return { unpack(words, 1, #words - 1) } end,
  ['once.read'] = function(words) return words[1] == 'runs' and { words[1], words[3] } or words end,
  ['once.begin'] = function(words) return words[2] == 'runs' and { words[1], words[2] } or words end,
}

-- Where they begin, and how many words each has.
local UNORDERED = {
  ['set.all'] = { 2, 1 }, ['set.page'] = { 2, 1 }, ['set.combine'] = { 2, 1 },
  ['map.all'] = { 2, 2 }, ['map.page'] = { 3, 2 }, ['map.fields'] = { 2, 1 },
}

local function in_order(words, from, step)
  local members = {}
  for place = from, #words, step do
    members[#members + 1] = words_of({ unpack(words, place, place + step - 1) })
  end
  table.sort(members)
  local sorted = { unpack(words, 1, from - 1) }
  sorted[from] = table.concat(members)
  return sorted
end

local function sight(name, words)
  local timeless, unordered = TIMELESS[name], UNORDERED[name]
  if timeless then words = timeless(words) end
  if unordered then words = in_order(words, unpack(unordered)) end
  local text = '=' .. words_of(words)
  return #text > 64 and '#' .. redis.sha1hex(text) or text
end

local function stepped(how)
  local whole, tried = how ~= 'apart', how == 'rehearse' or how == 'seen'
  local count = tonumber(arg())
  if whole and (count > 1 or tried) then journal = {} end
  local told = {}
  for place = 0, count - 1 do
    local next_key, next_arg = keys + tonumber(arg()), args + 1 + tonumber(arg())
    width = tonumber(arg())
    local kind, op, how_long, time, optional = arg(), arg(), arg(), arg(), arg()
    local seen = tried and arg()
    local names = object_keys()
    local target = op == 'rename' and { unpack(KEYS, next_key - width + 1, next_key) }
    local fine, words = attempt(take_step, kind, op, names, how_long, time, target)
    local refused = not fine or REFUSALS[words[1]]
    if refused and whole and not (fine and optional == '1') then
      if journal then take_back() end
      if not fine then return echo .. 'fault' .. place .. ';step;' .. words_of(words) end
      return answer('refused' .. place .. ';' .. words_of(words))
    end
    local sighted = tried and sight(kind .. '.' .. op, words)
    if tried and seen ~= '' and seen ~= sighted then
      take_back()
      local changed = 'changed' .. place .. ';'
      -- Of a caller's own token nothing is kept: the transaction comes with another batch.
      return asks_for_others and echo .. changed or answer(changed)
    end
    told[#told + 1] = #words .. ';' .. words_of(words)
    if how == 'rehearse' then told[#told + 1] = #sighted .. ':' .. sighted end
    skip_to(next_key, next_arg)
  end
  if how == 'rehearse' then
    take_back()
    return echo .. 'tried' .. table.concat(told)
  end
  return answer('applied' .. table.concat(told))
end

local how = arg()
return required() or stepped(how)

-- Lists: elements in an order, taken and put at both ends. What is put comes before what is removed,
-- so that a list is never empty in between: it would lose its time to live.

local ACROSS = { front = 'back', back = 'front' }

-- How many elements there are. The place of another list than the operation's own is told with what
-- is in the way there.
local function length_of(main, place)
  local len = redis.pcall('LLEN', main)
  if is_of_another_type(len) then misuse('type', 'a list', kind_of(main), place) end
  return len
end

-- Puts elements at an end, one after the other.
local function put(call, main, side, elements)
  if side == 'front' then
    in_parts(call, 'LPUSH', main, elements)
  else
    in_parts(call, 'RPUSH', main, elements)
  end
end

-- The way back of elements that are about to go, given from the outermost inwards. It is played
-- backwards, so the part that is to be put last is noted first.
local function put_back(main, side, elements)
  for first = 1, #elements, PART do
    local part = {}
    for place = math.min(first + PART - 1, #elements), first, -1 do
      part[#part + 1] = elements[place]
    end
    put(taken_back_by, main, side, part)
  end
end

-- So many elements at an end, from the outermost inwards.
local function outermost(main, side, count)
  if side == 'front' then return redis.call('LRANGE', main, 0, digits(count - 1)) end
  local elements = redis.call('LRANGE', main, digits(-count), -1)
  for place = 1, math.floor(count / 2) do
    local across = count + 1 - place
    elements[place], elements[across] = elements[across], elements[place]
  end
  return elements
end

-- Removes so many of the elements at an end. Answers them if they are wanted.
local function take(main, side, count, len, wanted)
  if count <= 0 then return {} end
  if wanted and count == 1 and not journal then
    return { side == 'front' and write('LPOP', main) or write('RPOP', main) }
  end
  local elements = (wanted or journal) and outermost(main, side, count)
  if count == len then remember_life_of(main) end
  if journal then put_back(main, side, elements) end
  if side == 'front' then
    write('LTRIM', main, digits(count), -1)
  else
    write('LTRIM', main, 0, digits(-count - 1))
  end
  return elements
end

-- Puts elements at an end of a list, and removes at the other end what is too much. Answers how many
-- there are.
local function push(main, side, elements, limit, len)
  local over = #elements - (limit or #elements)
  local count = #elements - math.max(0, over)
  if count > 0 then
    if over > 0 then
      local last = {}
      for place = over + 1, #elements do last[#last + 1] = elements[place] end
      elements = last
    end
    if len == 0 then
      taken_back_by('DEL', main)
    elseif side == 'front' then
      taken_back_by('LTRIM', main, digits(count), -1)
    else
      taken_back_by('LTRIM', main, 0, digits(-count - 1))
    end
    put(write, main, side, elements)
  end
  if not limit or len + count <= limit then return len + count end
  take(main, ACROSS[side], len + count - limit, len + count)
  return limit
end

-- A text that no element equals, to stand in for one for a moment on the way back.
local function stand_in(main, element)
  local text = 'exactly ' .. digits(now())
  while text == element or redis.call('LPOS', main, text) do text = text .. '.' end
  return text
end

local function insert(main, side, pivot, element, limit, len)
  local place = redis.call('LPOS', main, pivot)
  if not place then return { 'refused' } end
  if limit and len >= limit then return { 'refused', digits(len) } end
  if journal then
    local gone = stand_in(main, element)
    taken_back_by('LREM', main, 1, gone)
    taken_back_by('LSET', main, digits(side == 'AFTER' and place + 1 or place), gone)
  end
  return { 'done', digits(write('LINSERT', main, side, pivot, element)) }
end

-- The way back of elements that are about to go from these places, given in ascending order. Each
-- is put where it was: at the end, or before what will be there by then.
local function put_between(main, element, places, len)
  local mark = stand_in(main, element)
  for nth = #places, 1, -1 do
    local place, next_kept, later = places[nth], places[nth] + 1, nth
    while places[later + 1] == next_kept do later, next_kept = later + 1, next_kept + 1 end
    if next_kept == len then
      taken_back_by('RPUSH', main, element)
    else
      taken_back_by('LSET', main, digits(place + 1), redis.call('LINDEX', main, digits(next_kept)))
      taken_back_by('LINSERT', main, 'BEFORE', mark, element)
      taken_back_by('LSET', main, digits(place), mark)
    end
  end
end

local FEW = 16

local function remove(main, element, side, count, len)
  count = math.min(count or len, len)
  if count == 0 then return 0 end
  if journal then
    local rank = side == 'front' and 1 or -1
    local places =
      redis.call('LPOS', main, element, 'RANK', rank, 'COUNT', math.min(count, FEW + 1))
    if #places > FEW then
      remember(main)
    else
      table.sort(places)
      if #places == len then remember_life_of(main) end
      put_between(main, element, places, len)
    end
  end
  return write('LREM', main, digits(side == 'front' and count or -count), element)
end

local function trim(main, from, to, len)
  if from < 0 then from = math.max(0, len + from) end
  if to < 0 then to = len + to end
  to = math.min(to, len - 1)
  if from > to then
    take(main, 'front', len, len)
    return len
  end
  take(main, 'back', len - 1 - to, len)
  take(main, 'front', from, to + 1)
  return len - 1 - to + from
end

local function replace(main, elements, limit, len)
  remember(main)
  local keep = math.min(#elements, limit or #elements)
  if keep == 0 then return write('DEL', main) end
  put(write, main, 'back', elements)
  if len + #elements > keep then write('LTRIM', main, digits(-keep), -1) end
end

local function move(main, from, target, to, limit, how, time)
  local len = length_of(main)
  if len == 0 then return { 'refused' } end
  local element = redis.call('LINDEX', main, from == 'front' and 0 or -1)
  if target[1] == main then
    push(main, to, { element }, nil, len)
    take(main, from, 1, len + 1)
    if limit then take(main, ACROSS[to], len - limit, len) end
  else
    push(target[1], to, { element }, limit, length_of(target[1], '1'))
    take(main, from, 1, len)
  end
  live(target, how, time)
  return { 'done', element }
end

local function set_at(main, index, to, len)
  if index < 0 then index = len + index end
  if index < 0 or index >= len then return { 'refused', digits(len) } end
  local place = digits(index)
  if journal then taken_back_by('LSET', main, place, redis.call('LINDEX', main, place)) end
  write('LSET', main, place, to)
  return { 'done' }
end

-- Whatever is in a list may be a word of ours: it never comes first.
local function done(elements)
  local words = { 'done' }
  for place, element in ipairs(elements) do words[place + 1] = element end
  return words
end

local function read(op, main, len)
  if op == 'len' then return { digits(len) } end
  if op == 'range' then
    local from, to = arg(), arg()
    return done(redis.call('LRANGE', main, from, to))
  end
  local element, rank = arg(), arg()
  local place = redis.call('LPOS', main, element, 'RANK', rank)
  return place and { 'some', digits(place) } or { 'none' }
end

local function list(op, names)
  local main = names[1]
  if op == 'move' then
    local target, from, to = object_keys(), arg(), arg()
    return move(main, from, target, to, tonumber(arg()), arg(), arg())
  end
  local len = length_of(main)
  if op == 'push' or op == 'room' then
    local side, limit = arg(), tonumber(arg())
    local elements = some_args(arg())
    if op == 'room' and #elements > math.max(0, limit - len) then
      return { 'refused', digits(math.max(0, limit - len)) }
    end
    if op == 'room' then limit = nil end
    return { 'done', digits(push(main, side, elements, limit, len)), digits(len) }
  end
  if op == 'pop' then
    local side, count = arg(), tonumber(arg())
    return done(take(main, side, math.min(count, len), len, true))
  end
  if op == 'set' then return set_at(main, tonumber(arg()), arg(), len) end
  if op == 'insert' then
    local side, pivot, element = arg(), arg(), arg()
    return insert(main, side, pivot, element, tonumber(arg()), len)
  end
  if op == 'remove' then
    local element, side = arg(), arg()
    return { digits(remove(main, element, side, tonumber(arg()), len)) }
  end
  if op == 'trim' then return { digits(trim(main, tonumber(arg()), tonumber(arg()), len)) } end
  if op == 'replace' then
    local limit = tonumber(arg())
    replace(main, some_args(arg()), limit, len)
    return { digits(len) }
  end
  return read(op, main, len)
end

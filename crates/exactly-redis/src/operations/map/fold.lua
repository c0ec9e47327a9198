-- Maps: a field is set (`s`), set where it is absent (`n`), added to (`i`), removed (`r`), or removed
-- and told (`t`). The terms are a limit.

local KIND, LEN, PUT, DROP, REMOVES = 'map', 'HLEN', 'HSET', 'HDEL', '[rt]'
local WORDS, ALONE, IS_LIMITED = { s = 2, n = 2, i = 2, r = 1, t = 1 }, {}, terms ~= ''

local MARKS = { '::limit', '::fence', '::arrival', '::queue', '::attempts' }

-- Asked together with what tells other kinds.
local function found(name, fields)
  local asked, count = { unpack(fields) }, #fields
  for place, mark in ipairs(MARKS) do asked[count + place] = mark end
  local told = call('HMGET', name, unpack(asked))
  if told.err then return nil end
  for place = 1, #MARKS do
    if told[count + place] then return nil end
  end
  return told
end

local function store(list, field, value)
  list[#list + 1] = field
  list[#list + 1] = value
end

local function counted() end

-- As long as doubles are exact; what is longer, or no number, goes the long way.
local function added(map, field, old, by)
  if #by > 15 or (old and (#old > 15 or not string.find(old, '^%-?[1-9]%d*$') and old ~= '0')) then
    return nil
  end
  local sum = string.format('%.0f', (old or 0) + by)
  put(map, field, sum)
  return '2;4:done' .. #sum .. ':' .. sum
end

local function changed(letter, map, field, word)
  local old = map.now[field]
  if letter == 'r' or letter == 't' then
    if old then drop(map, field) end
    if not old then return '2;4:done1:0' end
    return letter == 'r' and '2;4:done1:1' or '3;4:done1:1' .. #old .. ':' .. old
  end
  local is_full = not old and IS_LIMITED and map.len >= tonumber(terms)
  if letter == 'i' then
    if is_full then return '1;7:refused', true end
    return added(map, field, old, word)
  end
  if letter == 'n' then
    if old then return '2;7:refused7:present', true end
    if is_full then return '3;7:refused4:full1:0', true end
  end
  if is_full then return '2;7:refused1:0', true end
  put(map, field, word)
  return old and '2;4:done1:0' or '2;4:done1:1'
end

local function in_words(letter, field, word)
  if letter == 's' then return { 'set', terms, '2', field, word } end
  if letter == 'n' then return { 'absent', terms, '2', field, word } end
  if letter == 'i' then return { 'add', terms, field, word } end
  return { letter == 'r' and 'remove' or 'take', '1', field }
end

-- Maps: a field is set (`s`), set where it is absent (`n`), added to (`i`), removed (`r`), or removed
-- and told (`t`). The terms are a limit.

local KIND, LEN, PUT, DROP, REMOVES = 'map', 'HLEN', 'HSET', 'HDEL', '[rt]'
local SET, NEW, ADD, REMOVE, TAKE = string.byte('snirt', 1, 5)
local PAIRED, ALONE = { [SET] = true, [NEW] = true, [ADD] = true }, {}
local LIMIT = tonumber(terms)

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
  local len = #list
  list[len + 1], list[len + 2] = field, value
end

local function counted() end

-- A word with its length in front. That is made a text once for all words of one length.
local SIZES = {}

local function sized(word)
  local size = SIZES[#word] or #word .. ':'
  SIZES[#word] = size
  return size .. word
end

-- As long as doubles are exact; what is longer, or no number, goes the long way.
local function added(old, by)
  if #by > 15 or (old and (#old > 15 or not string.find(old, '^%-?[1-9]%d*$') and old ~= '0')) then
    return nil
  end
  local sum = string.format('%.0f', (old or 0) + by)
  return '2;4:done' .. sized(sum), sum
end

local function changed(code, old, word, is_full)
  if code == SET and (old or not is_full) then
    return old and '2;4:done1:0' or '2;4:done1:1', word
  elseif code == ADD and (old or not is_full) then
    return added(old, word)
  elseif code == REMOVE or code == TAKE then
    if not old then return '2;4:done1:0' end
    return code == REMOVE and '2;4:done1:1' or '3;4:done1:1' .. sized(old), false
  elseif code == NEW then
    if old then return '2;7:refused7:present' end
    if is_full then return '3;7:refused4:full1:0' end
    return '2;4:done1:1', word
  end
  return code == SET and '2;7:refused1:0' or '1;7:refused'
end

local function in_words(code, field, word)
  if code == SET then return { 'set', terms, '2', field, word } end
  if code == NEW then return { 'absent', terms, '2', field, word } end
  if code == ADD then return { 'add', terms, field, word } end
  return { code == REMOVE and 'remove' or 'take', '1', field }
end

-- Maps: a field is set (`s`), set where it is absent (`n`), added to (`i`), removed (`r`), or removed
-- and told (`t`). The terms are a limit.

local KIND, LEN, PUT, DROP, REMOVES = 'map', 'HLEN', 'HSET', 'HDEL', '[rt]'
local SET, NEW, ADD, REMOVE, TAKE = string.byte('snirt', 1, 5)
local PAIRED, ALONE = { [SET] = true, [NEW] = true, [ADD] = true }, {}
local LIMIT, SKIPPED, format = tonumber(terms), 5, string.format

-- Asked together with what tells other kinds, which stands in front.
local function found(name, fields)
  local told = call('HMGET', name, '::limit', '::fence', '::arrival', '::queue', '::attempts',
    unpack(fields))
  if told.err or told[1] or told[2] or told[3] or told[4] or told[5] then return nil end
  return told
end

-- The fields that come, each with its value, and those that go.
local function sides(now)
  local puts, drops, coming, going = {}, {}, 0, 0
  for field, value in pairs(now) do
    if value then
      puts[coming + 1], puts[coming + 2] = field, value
      coming = coming + 2
    else
      going = going + 1
      drops[going] = field
    end
  end
  return puts, drops
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
  local number = old and tonumber(old) or 0
  if #by > 15 or (old and (#old > 15 or format('%d', number) ~= old)) then return nil end
  local sum = format('%d', number + by)
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

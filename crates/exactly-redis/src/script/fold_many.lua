-- The elements stand in front, then what some of the writes have beside theirs.
local elements, codes = { unpack(given, args + 1, args + count) }, { string.byte(letters, 1, -1) }

-- Which object a write is about, of several: its place is two bytes.
local function place_of(place)
  local high, low = string.byte(places, 2 * place - 1, 2 * place)
  return high * 256 + low + 1
end

local function new_object(name, asked)
  return { name = name, asked = asked, now = {}, turn = 0, len = 0 }
end

local function objects_named()
  if places == '' then return { new_object(names[before + 1], elements) } end
  local objects = {}
  for place = before + 1, #names do objects[place - before] = new_object(names[place], {}) end
  for place, element in ipairs(elements) do
    local asked = objects[place_of(place)].asked
    asked[#asked + 1] = element
  end
  return objects
end

-- How many elements there are matters where there is a limit, and where the last one may go.
local is_measured = LIMIT or string.find(letters, REMOVES)

-- What is stored of the elements that are asked for.
local function look_up(object)
  object.was = found(object.name, object.asked)
  if is_measured then object.len = call(LEN, object.name) end
  object.is_stored = type(object.len) == 'number' and object.len > 0
  return object.was and type(object.len) == 'number'
end

-- The last element takes the key along, and its time to live.
local function measure(object, old, new)
  if not new then
    object.len = object.len - 1
    if object.len == 0 then object.emptied = true end
  elseif not old then
    object.len = object.len + 1
  end
end

-- What each write is told, one after the other. Nothing where one does not fit.
local function played(objects)
  local told, beside, object, several = {}, args + count, objects[1], places ~= ''
  local now, was, turn = object.now, object.was, 0
  for place = 1, count do
    if several then
      object = objects[place_of(place)]
      now, was, turn = object.now, object.was, object.turn
      object.turn = turn + 1
    end
    turn = turn + 1
    local code, element, other = codes[place], elements[place], nil
    if PAIRED[code] then
      beside = beside + 1
      other = given[beside]
    end
    local old = now[element]
    if old == nil then old = was[turn + SKIPPED] end
    if old == 0 then old = false end
    local outcome, new = changed(code, old, other, LIMIT and object.len >= LIMIT)
    if not outcome then return nil end
    if new ~= nil then
      now[element] = new
      if is_measured then measure(object, old, new) end
    end
    if life ~= '' and not string.find(outcome, REFUSED) then object.lives = true end
    told[place] = outcome
  end
  return told
end

-- What comes is written before what goes: then the key stays, and its time to live. But an object
-- that had no element in between begins anew.
local function settled(object)
  local name, puts, drops = object.name, sides(object.now)
  if object.emptied then
    drops = {}
    if object.is_stored and not wrote('DEL', name) then return nil end
  end
  if #puts > 0 and not wrote(PUT, name, unpack(puts)) then return nil end
  if #drops > 0 and not wrote(DROP, name, unpack(drops)) then return nil end
  return not object.lives or lived(name)
end

-- The same writes as steps, each for itself.
local function in_full()
  local KEYS, ARGV, beside = {}, { 'apart', '0', count }, args + count
  for place, code in ipairs(codes) do
    if PAIRED[code] then beside = beside + 1 end
    local own = in_words(code, elements[place], given[beside])
    local step = { '1', 5 + #own, '1', KIND, own[1], life, time, '', unpack(own, 2) }
    for _, word in ipairs(step) do ARGV[#ARGV + 1] = word end
    KEYS[place] = names[before + (places == '' and 1 or place_of(place))]
  end
  local keys, args = 0, 0
  local function key()
    keys = keys + 1
    return KEYS[keys]
  end
  local function arg()
    args = args + 1
    return ARGV[args]
  end
  local function answer(reply) return string.sub(reply, #'applied' + 1) end
--IN FULL--
end

local objects = objects_named()
for _, object in ipairs(objects) do
  if not look_up(object) then return in_full() end
end
local told = played(objects)
if not told then return in_full() end
for _, object in ipairs(objects) do
  if not settled(object) then return in_full() end
end
return table.concat(told)

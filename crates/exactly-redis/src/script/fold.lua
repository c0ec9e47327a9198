-- Writes of one element each, as callers who come together ask for them: what is there is asked once
-- for all of them, each is told what it would be told after those before it, and what becomes of it
-- all is written at once. Whatever is not as it should be goes the long way, before anything is
-- written. A kind knows its commands, and what each write, which is a letter here, changes.

local whole, terms, life, time = arg() == 'whole', arg(), arg(), arg()
local letters, places = arg(), arg()
local first, before, call, sub = args, keys, redis.pcall, string.sub

-- The element has this value from now on.
local function put(object, element, value)
  if not object.now[element] then object.len = object.len + 1 end
  object.now[element], object.touched[element] = value, true
end

-- The element is gone from now on. The last one takes the key along, and its time to live.
local function drop(object, element)
  object.now[element], object.touched[element] = false, true
  object.len = object.len - 1
  if object.len == 0 then object.emptied = true end
end

--KIND--

-- Which object a write is about: the only one, or one of many, by two bytes.
local function place_of(place)
  if places == '' then return 1 end
  local high, low = string.byte(places, 2 * place - 1, 2 * place)
  return high * 256 + low + 1
end

-- All objects, with what is stored of the elements that are named; how many there are is asked
-- where that matters. Nothing where one cannot be read.
local function looked_up()
  local objects, at = {}, first + 1
  for place = before + 1, #KEYS do
    objects[place - before] = { name = KEYS[place], asked = {}, now = {}, touched = {}, len = 0 }
  end
  for place = 1, #letters do
    local object, element = objects[place_of(place)], ARGV[at]
    if object.now[element] == nil then
      object.now[element] = false
      object.asked[#object.asked + 1] = element
    end
    at = at + WORDS[sub(letters, place, place)]
  end
  local is_measured = IS_LIMITED or string.find(letters, REMOVES)
  for _, object in ipairs(objects) do
    object.was = found(object.name, object.asked)
    if is_measured then object.len = call(LEN, object.name) end
    if not object.was or type(object.len) ~= 'number' then return nil end
    for place, element in ipairs(object.asked) do object.now[element] = object.was[place] end
    object.is_stored = object.len > 0
  end
  return objects
end

-- What each write is told, one after the other. Nothing where one does not fit.
local function played(objects)
  local told, at = {}, first + 1
  for place = 1, #letters do
    local object, letter = objects[place_of(place)], sub(letters, place, place)
    local words, refused = changed(letter, object, ARGV[at], ARGV[at + 1])
    if not words then return nil end
    object.lives = object.lives or not refused
    told[place] = words
    at = at + WORDS[letter]
  end
  return told
end

-- By the one door for writes. What the server refuses as the first is asked again the long way.
local function wrote(...)
  local told = call(...)
  if type(told) ~= 'table' or not told.err then
    written = written + 1
    return true
  end
  if written > 0 then fail(told) end
end

-- The time to live of an object that was written.
local function lived(name)
  if life == '' or (life == 'first' and call('PTTL', name) ~= -1) then return true end
  return wrote('PEXPIRE', name, time)
end

-- What comes is written before what goes: then the key stays, and its time to live. But an object
-- that had no element in between begins anew.
local function settled(object)
  local name, puts, drops = object.name, {}, {}
  for place, element in ipairs(object.asked) do
    local value = object.now[element]
    if not object.touched[element] then
      -- It is as it was.
    elseif value then
      store(puts, element, value)
    elseif object.was[place] then
      drops[#drops + 1] = element
    end
  end
  if object.emptied and object.is_stored then
    if not wrote('DEL', name) then return end
    drops = {}
  end
  if #puts > 0 and not wrote(PUT, name, unpack(puts)) then return end
  if #drops > 0 and not wrote(DROP, name, unpack(drops)) then return end
  return not object.lives or lived(name)
end

-- One write alone, where its command answers all that it is told.
local function alone()
  local command = #letters == 1 and not IS_LIMITED and ALONE[letters]
  local number = command and call(command, KEYS[before + 1], ARGV[first + 1])
  if type(number) ~= 'number' then return nil end
  written = written + 1
  if lived(KEYS[before + 1]) then return { counted(letters, number) } end
end

local function together()
  local objects = looked_up()
  local told = objects and played(objects)
  if not told then return nil end
  for _, object in ipairs(objects) do
    if not settled(object) then return nil end
  end
  return told
end

-- The same writes as steps, each for itself.
local function in_full()
  local names, list, at = {}, { 'apart', '0', #letters }, first + 1
  for place = 1, #letters do
    local letter = sub(letters, place, place)
    local words = in_words(letter, ARGV[at], ARGV[at + 1])
    local step = { '1', 5 + #words, '1', KIND, words[1], life, time, '', unpack(words, 2) }
    for _, word in ipairs(step) do list[#list + 1] = word end
    names[place] = KEYS[before + place_of(place)]
    at = at + WORDS[letter]
  end
  local KEYS, ARGV, keys, args = names, list, 0, 0
  local function key()
    keys = keys + 1
    return KEYS[keys]
  end
  local function arg()
    args = args + 1
    return ARGV[args]
  end
  local function answer(reply) return sub(reply, #'applied' + 1) end
--IN FULL--
end

local told = alone() or together()
told = told and table.concat(told) or in_full()
-- A change that did not fit leaves no record: nothing happened, and it may be sent again.
if whole and string.find(told, '^%d+;6:misuse') then record = nil end
return answer('folded' .. told)

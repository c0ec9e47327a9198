-- Writes of one element each, as callers who come together ask for them: what is there is asked once
-- for all of them, each is told what it would be told after those before it, and what becomes of it
-- all is written at once. Whatever is not as it should be goes the long way, before anything is
-- written. A kind knows its commands, and what each write, which is a letter here, changes.

local whole, terms, life, time = arg() == 'whole', arg(), arg(), arg()
local letters, places = arg(), arg()
local count, before, names, given, call = #letters, keys, KEYS, ARGV, redis.pcall

-- What a refusal begins with.
local REFUSED = '^%d;7:refused'

--KIND--

-- By the one door for writes. What the server refuses as the first is asked again the long way.
local function wrote(...)
  local told = call(...)
  if type(told) == 'number' then
    written = written + 1
    return told
  end
  if written > 0 then fail(told) end
end

-- The time to live of an object that was written.
local function lived(name)
  if life == '' or (life == 'first' and call('PTTL', name) ~= -1) then return true end
  return wrote('PEXPIRE', name, time)
end

local function has_room(name)
  local len = not LIMIT or call(LEN, name)
  return len == true or (type(len) == 'number' and len < LIMIT)
end

-- One write alone, for which none of what follows is made: by its command, where that answers all
-- that it is told. Where there may be no room, it is one of many.
local function alone()
  local name, element, command = names[before + 1], given[args + 1], ALONE[letters]
  if count > 1 or not has_room(name) then return nil end
  local number = command and wrote(command, name, element)
  if command then return number and lived(name) and counted(letters, number) end
  local was = found(name, { element })
  local old = was and was[1 + SKIPPED]
  if not was then return nil end
  local outcome, new = changed(string.byte(letters), old, given[args + 2])
  if not outcome then return nil end
  local puts, drops = sides({ [element] = new })
  if puts[1] and not wrote(PUT, name, unpack(puts)) then return nil end
  if drops[1] and not wrote(DROP, name, element) then return nil end
  if life ~= '' and string.find(outcome, REFUSED) then return outcome end
  return lived(name) and outcome
end

local function together()
--MANY--
end

local told = alone() or together()
-- A change that did not fit leaves no record: nothing happened, and it may be sent again.
if whole and string.find(told, '^%d+;6:misuse') then record = nil end
return answer('folded' .. told)

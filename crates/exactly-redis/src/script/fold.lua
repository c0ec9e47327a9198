-- Writes of one element each, as callers who come together ask for them: what is there is asked once
-- for all of them, each is told what it would be told after those before it, and what becomes of it
-- all is written at once. Whatever is not as it should be goes the long way, before anything is
-- written. A kind knows its commands, and what each write, which is a letter here, changes.

local whole, terms, life, time = arg() == 'whole', arg(), arg(), arg()
local letters, places = arg(), arg()
local count, before, names, given, call = #letters, keys, KEYS, ARGV, redis.pcall

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

-- One write alone, where its command answers all that it is told.
local function alone()
  local command = count == 1 and not LIMIT and ALONE[letters]
  local number = command and wrote(command, names[before + 1], given[args + 1])
  return number and lived(names[before + 1]) and counted(letters, number)
end

local function together()
--MANY--
end

local told = alone() or together()
-- A change that did not fit leaves no record: nothing happened, and it may be sent again.
if whole and string.find(told, '^%d+;6:misuse') then record = nil end
return answer('folded' .. told)

-- Counters, values and flags: one text at the key, and the epoch of a counter beside it.

-- The text stored; false when nothing is.
local function text_at(main)
  local text = redis.pcall('GET', main)
  if is_of_another_type(text) then misuse('type', 'a counter, value or flag', kind_of(main)) end
  return text
end

-- Steps the text, or creates it: the epoch stays.
local function step_to(main, text)
  remember(main)
  write('SET', main, text, 'KEEPTTL')
end

-- Creates or overwrites the text: whatever was counted before is gone. The text comes first, because
-- a server without memory refuses it, and asks only at a script's first write.
local function overwrite(main, epoch, text)
  step_to(main, text)
  remember(epoch)
  write('DEL', epoch)
end

local function remove(main, epoch)
  remember(main)
  remember(epoch)
  write('DEL', main, epoch)
end

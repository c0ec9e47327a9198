-- Counters, values and flags: one text at the key, and the epoch of a counter beside it.

-- The text stored; false when nothing is.
local function text_at(main)
  local text = redis.pcall('GET', main)
  if type(text) == 'table' then misuse('type', 'a counter, value or flag', kind_of(main)) end
  return text
end

-- Steps the text, or creates it: the epoch stays.
local function step_to(main, text)
  remember(main)
  redis.call('SET', main, text, 'KEEPTTL')
end

-- Creates or overwrites the text: whatever was counted before is gone.
local function overwrite(main, epoch, text)
  remember(epoch)
  redis.call('DEL', epoch)
  step_to(main, text)
end

local function remove(main, epoch)
  remember(main)
  remember(epoch)
  redis.call('DEL', main, epoch)
end

-- One effect per token: its record is read before anything else, and written in the same script as
-- the effect. A record is the number of the batch (20 digits), its fingerprint (32) and the reply.

local record, named, keep

-- Who asks again under a token of its own asks for other new ids; a session asks for the same.
local naming = arg()
local asks_for_others = naming == 'by caller'

if naming ~= 'unnamed' then
  record = key()
  local number, before, fingerprint, late = arg(), arg(), arg(), arg()
  keep = arg()
  named = number .. fingerprint
  local found = redis.call('GET', record)
  if found then
    local last = string.sub(found, 1, 20)
    if last == number then
      if string.sub(found, 21, 52) ~= fingerprint then return echo .. 'reused' end
      return echo .. string.sub(found, 53)
    end
    if last ~= before then return echo .. 'forgotten' end
  elseif late == '' then
    return echo .. 'forgotten'
  elseif now() > tonumber(late) then
    -- The first of a place has no predecessor to be missed: one that was on its way for longer than
    -- its record would be kept might be the second of two.
    return echo .. 'late'
  end
end

local function answer(reply)
  if record then
    local kept = redis.pcall('SET', record, named .. reply, 'PX', keep)
    if kept.err then fail(kept) end
  end
  return echo .. reply
end

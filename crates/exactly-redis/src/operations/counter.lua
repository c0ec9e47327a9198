-- Counters. `of` is how numbers are read, added and compared: `integer` or `real`.

local function number_at(of, main)
  local text = text_at(main)
  if not text then return false end
  return of.read(text) or misuse('number', of.name, text)
end

-- Whether a counter may go from one value to another: inside the bounds, or towards them.
local function allowed(of, old, new, min, max)
  if min ~= '' and of.less(new, old) and of.less(new, min) then return false end
  return not (max ~= '' and of.less(old, new) and of.less(max, new))
end

local function contained(of, value, min, max)
  return not (min ~= '' and of.less(value, min)) and not (max ~= '' and of.less(max, value))
end

-- As many equal steps as are allowed. Where doubles are exact, they are counted at once.
local function many(of, value, by, times, min, max)
  if of == integer and #value <= 15 and #by <= 9 and times <= 1000000 then
    local old, width = tonumber(value), tonumber(by)
    local stepped = times
    if width > 0 and max ~= '' then stepped = math.floor((tonumber(max) - old) / width) end
    if width < 0 and min ~= '' then stepped = math.floor((old - tonumber(min)) / -width) end
    stepped = math.max(0, math.min(stepped, times))
    return stepped, string.format('%.0f', old + stepped * width)
  end
  for stepped = 0, times - 1 do
    local new = of.plus(value, by)
    if not new or not allowed(of, value, new, min, max) then return stepped, value end
    value = new
  end
  return times, value
end

-- Steps the counter; one that begins ends what may be left of another's epoch, where the script has
-- its name.
local function count(main, epoch, stored, value)
  if stored or not epoch then return step_to(main, value) end
  overwrite(main, epoch, value)
end

-- The epoch of the counter, made where it has none: it lives as long as the counter does.
local function epoch_of(main, epoch, found, fresh)
  if found then return found end
  remember(epoch)
  local left = life_of(main)
  if left then
    write('SET', epoch, fresh, 'PX', left)
  else
    write('SET', epoch, fresh)
  end
  return fresh
end

local function counter(of, op, names)
  local main, epoch = names[1], names[2]
  if op == 'get' then
    local start = arg()
    return { number_at(of, main) or start }
  end
  if op == 'add' or op == 'undoable' then
    local by, start, min, max, fresh = arg(), arg(), arg(), arg(), arg()
    local stored = number_at(of, main)
    local old = stored or start
    local new = of.plus(old, by)
    if not new then misuse('overflow', old, '+', by) end
    if not allowed(of, old, new, min, max) then return { 'refused', old } end
    if op == 'add' then
      count(main, epoch, stored, new)
      return { 'done', new }
    end
    -- Read before anything is written: somebody may have put something else there.
    local found = stored and text_at(epoch)
    step_to(main, new)
    return { 'done', new, epoch_of(main, epoch, found, fresh) }
  end
  if op == 'times' then
    local by, start, min, max, times = arg(), arg(), arg(), arg(), tonumber(arg())
    local stored = number_at(of, main)
    local stepped, value = many(of, stored or start, by, times, min, max)
    if stepped == 0 then return { 'refused', '0', value } end
    count(main, epoch, stored, value)
    return { 'done', string.format('%.0f', stepped), value }
  end
  if op == 'undo' then
    local by, wanted, min, max = arg(), arg(), arg(), arg()
    local old = number_at(of, main)
    if not old or text_at(epoch) ~= wanted then return { 'gone' } end
    local new = of.minus(old, by)
    if not new then misuse('overflow', old, '-', by) end
    if not allowed(of, old, new, min, max) then return { 'refused', old } end
    step_to(main, new)
    return { 'done', new }
  end
  -- set, swap
  local to, start, min, max = arg(), arg(), arg(), arg()
  local old = number_at(of, main)
  if not contained(of, to, min, max) then return { 'refused' } end
  overwrite(main, epoch, to)
  return { 'done', old or start }
end

-- Additions, each for itself: the fast form of a batch of them. Most know no bounds and are `INCRBY`.
-- Sums are exact: beyond what a double keeps they are read back as text.

local before, misused = keys, false

local function listed(words)
  for place, word in ipairs(words) do words[place] = #word .. ':' .. word end
  return '!' .. #words .. ';' .. table.concat(words)
end

-- The server refuses one of its own accord: the whole batch where nothing stands, this one alone
-- where only others do.
local function refused(told, written_before)
  if written == 0 or written > written_before then fail(told) end
  misused = true
  return listed({ 'misuse', 'server', type(told) == 'table' and told.err or told })
end

-- The long way, for what is no number or would not fit.
local function exact(main, by, start, min, max, times)
  local list, at = { by, start, min, max, times }, 0
  local function arg()
    at = at + 1
    return list[at]
  end
--EXACT--
  local written_before = written
  local fine, told = pcall(counter, integer, times == '' and 'add' or 'times', { main })
  if fine then return listed(told) end
  if type(told) ~= 'table' or not told.words then return refused(told, written_before) end
  misused = true
  return listed(told.words)
end

-- What `INCRBY` answered that is no sum, or one that a double may not keep.
local function doubtful(sum, main, total, times)
  if type(sum) ~= 'number' then
    local by = times == '' and total or string.format('%.0f', total / times)
    return exact(main, by, '0', '', '', times)
  end
  written = written + 1
  sum = redis.pcall('GET', main)
  if type(sum) == 'table' then fail(sum) end
  return sum
end

-- So many of the steps as stay inside the bounds: the value alone where that is all of them.
local function bounded(main, by, start, min, max, times)
  local text = redis.pcall('GET', main)
  local old = tonumber(text or start)
  if not old or old > 99999999999999 or old < -99999999999999
    or (text and string.format('%.0f', old) ~= text) then
    return exact(main, by, start, min, max, times)
  end
  local width, all = tonumber(by), tonumber(times) or 1
  local stepped = all
  if width > 0 and max ~= '' then stepped = math.floor((tonumber(max) - old) / width) end
  if width < 0 and min ~= '' then stepped = math.floor((old - tonumber(min)) / -width) end
  stepped = math.max(0, math.min(stepped, all))
  local new = string.format('%.0f', old + stepped * width)
  if stepped > 0 then
    local kept = redis.pcall('SET', main, new, 'KEEPTTL')
    if kept.err then return refused(kept, written) end
    written = written + 1
  end
  return stepped == all and new or string.format('%.0f', stepped) .. '/' .. new
end

local told, whole, at = {}, arg() == 'whole', args + 1
if ARGV[at] == 'plain' then
  -- Where a flight of thousands spends its time: nothing is looked up or called that need not be.
  local names, values, call, type_of = KEYS, ARGV, redis.pcall, type
  for place = before + 1, #names do
    local sum = call('INCRBY', names[place], values[at + 1])
    if type_of(sum) == 'number' and sum <= 99999999999999 and sum >= -99999999999999 then
      written = written + 1
    else
      sum = doubtful(sum, names[place], values[at + 1], values[at + 2])
    end
    told[place - before] = sum
    at = at + 2
  end
else
  for place = before + 1, #KEYS do
    told[place - before] = bounded(
      KEYS[place], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    )
    at = at + 5
  end
end
-- A change that did not fit leaves no record: nothing happened, and it may be sent again.
if whole and misused then record = nil end
return answer('added' .. table.concat(told, ' '))

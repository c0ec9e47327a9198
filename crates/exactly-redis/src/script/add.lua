-- Plain additions, each for itself: the fast form of a batch of them. Sums are exact: beyond what a
-- double keeps they are read back as text.

local names_before = keys

-- The long way, for what is no number or would not fit: as `times` says, one step after the other.
local function exact(main, total, times)
  local list, at = { string.format('%.0f', total / times), '0', '', '', times }, 0
  local function arg()
    at = at + 1
    return list[at]
  end
--EXACT--
  local fine, told = pcall(counter, integer, 'times', { main })
  if not fine and (type(told) ~= 'table' or not told.words) then error(told, 0) end
  local words = fine and told or told.words
  local written = {}
  for place, word in ipairs(words) do written[place] = #word .. ':' .. word end
  return '!' .. #words .. ';' .. table.concat(written)
end

local told, at = {}, args
for place = names_before + 1, #KEYS do
  local sum = redis.pcall('INCRBY', KEYS[place], ARGV[at + 1])
  if type(sum) ~= 'number' then
    sum = exact(KEYS[place], ARGV[at + 1], ARGV[at + 2])
  elseif sum > 99999999999999 or sum < -99999999999999 then
    sum = redis.call('GET', KEYS[place])
  end
  told[place - names_before] = sum
  at = at + 2
end
return answer('added' .. table.concat(told, ' '))

-- What lists, sets, sorted sets and maps share.

-- A whole number as the server takes it.
local function digits(number)
  return string.format('%.0f', number)
end

-- The server's command on many arguments, in parts: Lua takes only so many at once. Answers the sum
-- of what the parts answer.
local PART = 4000

local function in_parts(call, command, name, list)
  local sum = 0
  for first = 1, #list, PART do
    local told = call(command, name, unpack(list, first, math.min(first + PART - 1, #list)))
    sum = sum + (tonumber(told) or 0)
  end
  return sum
end

-- So many of the arguments of the step.
local function some_args(count)
  local list = {}
  for place = 1, count do list[place] = arg() end
  return list
end

-- The last element takes the key along, and its time to live: whatever puts one back later starts
-- anew. So how long it had is noted before anything is removed.
local function remember_life_of(name)
  if not journal then return end
  local left = life_of(name)
  if left then taken_back_by('PEXPIRE', name, left) end
end

-- Numbers without the doubles of Lua where those are not exact.

local LEAST, GREATEST = '-9223372036854775808', '9223372036854775807'

-- A whole number as two parts of at most ten digits, each with its sign.
local function parts(text)
  local sign, digits = 1, text
  if string.byte(text) == 45 then sign, digits = -1, string.sub(text, 2) end
  local high = string.sub(digits, 1, -10)
  return sign * (tonumber(high) or 0), sign * tonumber(string.sub(digits, -9))
end

local function whole(high, low)
  local over = low >= 0 and math.floor(low / 1e9) or math.ceil(low / 1e9)
  high, low = high + over, low - over * 1e9
  if high > 0 and low < 0 then high, low = high - 1, low + 1e9 end
  if high < 0 and low > 0 then high, low = high + 1, low - 1e9 end
  if high == 0 then return string.format('%.0f', low) end
  return string.format('%.0f%09.0f', high, math.abs(low))
end

-- Whether one whole number is less than another.
local function less(one, two)
  local negative = string.byte(one) == 45
  if negative ~= (string.byte(two) == 45) then return negative end
  if negative then one, two = string.sub(two, 2), string.sub(one, 2) end
  if #one ~= #two then return #one < #two end
  return one < two
end

local function fits(text)
  return not less(text, LEAST) and not less(GREATEST, text)
end

local integer = { name = 'a whole number' }

-- Canonical digits only, as the server itself judges them.
function integer.read(text)
  if text == '0' or (string.find(text, '^%-?[1-9]%d*$') and #text <= 20 and fits(text)) then
    return text
  end
end

function integer.plus(one, two)
  if #one <= 15 and #two <= 15 then return string.format('%.0f', one + two) end
  local high, low = parts(one)
  local other_high, other_low = parts(two)
  local sum = whole(high + other_high, low + other_low)
  return fits(sum) and sum or nil
end

function integer.minus(one, two)
  local high, low = parts(one)
  local other_high, other_low = parts(two)
  local difference = whole(high - other_high, low - other_low)
  return fits(difference) and difference or nil
end

function integer.less(one, two)
  return less(one, two)
end

local real = { name = 'a number' }

local REALS = { '^[+-]?%d+%.?%d*$', '^[+-]?%.%d+$' }

function real.read(text)
  local mantissa = string.match(text, '^(.-)[eE][+-]?%d+$') or text
  for _, form in ipairs(REALS) do
    if string.find(mantissa, form) then
      local number = tonumber(text)
      if number and number - number == 0 then return text end
    end
  end
end

-- The shortest digits that read back as the same double, and never an exponent.
local function shortest(number)
  if number == math.floor(number) and math.abs(number) <= 9007199254740992 then
    return string.format('%.0f', number + 0)
  end
  local text
  for digits = 15, 17 do
    text = string.format('%.' .. digits .. 'g', number)
    if tonumber(text) == number then break end
  end
  local sign, first, rest, exponent = string.match(text, '^(-?)(%d)%.?(%d*)e([+-]%d+)$')
  if not exponent then return text end
  local digits, point = first .. rest, tonumber(exponent) + 1
  if point <= 0 then return sign .. '0.' .. string.rep('0', -point) .. digits end
  return sign .. digits .. string.rep('0', point - #digits)
end

local function finite(number)
  if number - number ~= 0 then return nil end
  if number == 0 then return '0' end
  return shortest(number)
end

function real.plus(one, two)
  return finite(tonumber(one) + tonumber(two))
end

function real.minus(one, two)
  return finite(tonumber(one) - tonumber(two))
end

function real.less(one, two)
  return tonumber(one) < tonumber(two)
end

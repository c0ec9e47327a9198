-- Sorted sets: a member is added with a score (`a`), or removed (`r`). The terms are the conditions
-- on which a score is written.

local KIND, LEN, PUT, DROP, REMOVES = 'sorted', 'ZCARD', 'ZADD', 'ZREM', 'r'
local ADD, REMOVE = string.byte('ar', 1, 2)
local PAIRED, ALONE, LIMIT, SKIPPED = { [ADD] = true }, { r = 'ZREM' }, nil, 0

local MEMBER_WHEN, SCORE_WHEN = string.match(terms, '^(%a*),(%a*)$')

local INFINITE = { inf = math.huge, ['+inf'] = math.huge, ['-inf'] = -math.huge }

local function number(score)
  return tonumber(score) or INFINITE[score]
end

local function found(name, members)
  local told = call('ZMSCORE', name, unpack(members))
  return not told.err and told
end

-- The members that come, each behind its score, and those that go.
local function sides(now)
  local puts, drops, coming, going = {}, {}, 0, 0
  for member, score in pairs(now) do
    if score then
      puts[coming + 1], puts[coming + 2] = score, member
      coming = coming + 2
    else
      going = going + 1
      drops[going] = member
    end
  end
  return puts, drops
end

local function counted(_, number)
  return '1;1:' .. number
end

local function is_allowed(old, score)
  if not old then return MEMBER_WHEN ~= 'existing' end
  if MEMBER_WHEN == 'new' then return false end
  if SCORE_WHEN == 'greater' then return score > old end
  return SCORE_WHEN ~= 'less' or score < old
end

local function changed(code, old, score)
  if code == REMOVE then
    if old then return '1;1:1', false end
    return '1;1:0'
  end
  local before, after = old and number(old), number(score)
  if not is_allowed(before, after) then return '1;7:refused' end
  if not old then return '5;4:done1:11:01:01:0', score end
  if before == after then return '5;4:done1:01:01:01:0' end
  return '5;4:done1:01:11:01:0', score
end

local function in_words(code, member, score)
  if code == REMOVE then return { 'remove', '1', member } end
  return { 'add', '', MEMBER_WHEN, SCORE_WHEN, '1', score, member }
end

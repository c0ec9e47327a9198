-- Sorted sets: a member is added with a score (`a`), or removed (`r`). The terms are the conditions
-- on which a score is written.

local KIND, LEN, PUT, DROP, REMOVES = 'sorted', 'ZCARD', 'ZADD', 'ZREM', 'r'
local WORDS, ALONE, IS_LIMITED = { a = 2, r = 1 }, { r = 'ZREM' }, false

local MEMBER_WHEN, SCORE_WHEN = string.match(terms, '^(%a*),(%a*)$')

local INFINITE = { inf = math.huge, ['+inf'] = math.huge, ['-inf'] = -math.huge }

local function number(score)
  return INFINITE[score] or tonumber(score)
end

local function found(name, members)
  local told = call('ZMSCORE', name, unpack(members))
  return not told.err and told
end

local function store(list, member, score)
  list[#list + 1] = score
  list[#list + 1] = member
end

local function counted(_, number)
  return '1;1:' .. number
end

local function is_allowed(old, score)
  if not old then return MEMBER_WHEN ~= 'existing' end
  if MEMBER_WHEN == 'new' then return false end
  if SCORE_WHEN == 'greater' then return score > number(old) end
  return SCORE_WHEN ~= 'less' or score < number(old)
end

local function changed(letter, set, member, score)
  local old = set.now[member]
  if letter == 'r' then
    if old then drop(set, member) end
    return old and '1;1:1' or '1;1:0'
  end
  if not is_allowed(old, number(score)) then return '1;7:refused', true end
  if old and number(old) == number(score) then return '5;4:done1:01:01:01:0' end
  put(set, member, score)
  return old and '5;4:done1:01:11:01:0' or '5;4:done1:11:01:01:0'
end

local function in_words(letter, member, score)
  if letter == 'r' then return { 'remove', '1', member } end
  return { 'add', '', MEMBER_WHEN, SCORE_WHEN, '1', score, member }
end

-- Sorted sets: members, each once and with a score, in the order of the scores. Scores stay the
-- texts they are; where they are compared, they are read as the doubles that the server compares.

local sorted_set

-- What follows is nobody else's: a script has room for so many names.
do

local INFINITE = { inf = math.huge, ['+inf'] = math.huge, ['-inf'] = -math.huge }

local function number(score)
  return INFINITE[score] or tonumber(score)
end

-- What the server told of the set, unless something else is stored there.
local function told_of(main, told)
  if is_of_another_type(told) then misuse('type', 'a sorted set', kind_of(main)) end
  return told
end

local function size_of(main)
  return told_of(main, redis.pcall('ZCARD', main))
end

-- A list as an answer: the first word is never a member, lest one be taken for a word of ours.
local function some(list)
  table.insert(list, 1, 'some')
  return list
end

-- How members are put back: `list` has each member and then its score.
local function put_back_by(main, list)
  remember_life_of(main)
  for first = 1, #list, PART do
    local part = {}
    for place = first, math.min(first + PART - 1, #list), 2 do
      part[#part + 1] = list[place + 1]
      part[#part + 1] = list[place]
    end
    taken_back_by('ZADD', main, unpack(part))
  end
end

-- Lets those with the least scores go that are too many. Answers how many, and how many of those in
-- the list, which has each score and then its member, are among them. The size is that of the set,
-- where it is known.
local function trim(main, limit, list, size)
  local over = limit ~= '' and (size or redis.call('ZCARD', main)) - limit or 0
  if over <= 0 then return 0, 0 end
  local gone, seen = 0, {}
  for place = 2, #list, 2 do
    local member = list[place]
    local rank = not seen[member] and redis.call('ZRANK', main, member)
    if rank and rank < over then gone = gone + 1 end
    seen[member] = true
  end
  if journal then put_back_by(main, redis.call('ZRANGE', main, 0, over - 1, 'WITHSCORES')) end
  write('ZREMRANGEBYRANK', main, 0, over - 1)
  return over, gone
end

-- Whether one member comes before another of the same score: by their bytes, and not as Lua
-- compares them, which is after the language of the machine.
local function less(one, two)
  if one == two then return false end
  local from = 1
  while string.sub(one, from, from + 63) == string.sub(two, from, from + 63) do
    from = from + 64
  end
  for place = from, from + 63 do
    local byte, other = string.byte(one, place), string.byte(two, place)
    if byte ~= other then return not byte or (other and byte < other) or false end
  end
end

-- How many members come before this place in the order, and whether somebody stands there.
local function place_of(main, score, member)
  local found = told_of(main, redis.pcall('ZSCORE', main, member))
  if found and number(found) == number(score) then
    return redis.call('ZRANK', main, member), true
  end
  local low = redis.call('ZCOUNT', main, '-inf', '(' .. score)
  local high = low + redis.call('ZCOUNT', main, score, score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if less(redis.call('ZRANGE', main, middle, middle)[1], member) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low, false
end

-- The members of these ranks, told from one end.
local function between(main, from, first, last)
  if last < first then return { 'some' } end
  if from == 'least' then return some(redis.call('ZRANGE', main, first, last, 'WITHSCORES')) end
  local top = redis.call('ZCARD', main) - 1
  return some(redis.call('ZREVRANGE', main, top - last, top - first, 'WITHSCORES'))
end

local function page(main, from, count, score, member)
  local place, stands = place_of(main, score, member)
  if from == 'greatest' then return between(main, from, math.max(0, place - count), place - 1) end
  if stands then place = place + 1 end
  return between(main, from, place, math.min(place + count, redis.call('ZCARD', main)) - 1)
end

-- By their ranks, so that those who are left out are not walked through.
local function range_by_score(main, from, least, greatest, skip, count)
  local found = told_of(main, redis.pcall('ZCOUNT', main, least, greatest))
  count = math.min(count, found - skip)
  if count <= 0 then return { 'some' } end
  local below = string.sub(least, 1, 1) == '(' and string.sub(least, 2) or '(' .. least
  local first = redis.call('ZCOUNT', main, '-inf', below)
  if from == 'least' then return between(main, from, first + skip, first + skip + count - 1) end
  local last = first + found - 1 - skip
  return between(main, from, last - count + 1, last)
end

-- Whether a score may be written over what is there.
local function allowed(member_when, score_when, old, score)
  if not old then return member_when ~= 'existing' end
  if member_when == 'new' then return false end
  if score_when == 'greater' then return score > number(old) end
  return score_when ~= 'less' or score < number(old)
end

local function add_new(_, main, ...)
  return write('ZADD', main, 'NX', ...)
end

local function add_and_count(_, main, ...)
  return write('ZADD', main, 'CH', ...)
end

-- Adds them without a look at each, because the server counts: whether the condition held for one,
-- how many are new, how often a score was changed, and how many members there are.
local function add_all(main, only_new, list)
  local before = size_of(main)
  if only_new then
    local new = in_parts(add_new, nil, main, list)
    return new > 0, new, 0, before + new
  end
  local touched = in_parts(add_and_count, nil, main, list)
  local size = redis.call('ZCARD', main)
  return true, size - before, touched - size + before, size
end

-- Looks at each first. The answer is that of `add_all`, but for the last.
local function add_each(main, member_when, score_when, list)
  local known, old_ones, new_ones, writes = {}, {}, {}, {}
  local met, new, changed = false, 0, 0
  for place = 1, #list, 2 do
    local score, member = list[place], list[place + 1]
    local old = known[member] or told_of(main, redis.pcall('ZSCORE', main, member))
    if allowed(member_when, score_when, old, number(score)) then
      met = true
      if not old or number(old) ~= number(score) then
        if old then changed = changed + 1 else new = new + 1 end
        if not old then
          new_ones[#new_ones + 1] = member
        elseif not known[member] then
          old_ones[#old_ones + 1] = member
          old_ones[#old_ones + 1] = old
        end
        known[member] = score
        writes[#writes + 1] = score
        writes[#writes + 1] = member
      end
    end
  end
  if journal then
    put_back_by(main, old_ones)
    in_parts(taken_back_by, 'ZREM', main, new_ones)
  end
  in_parts(write, 'ZADD', main, writes)
  return met, new, changed
end

local function add(main, limit, member_when, score_when, list)
  local met, new, changed, size
  if #list == 0 then
    met, new, changed, size = true, 0, 0, size_of(main)
  elseif not journal and #list > 2
    and (member_when == 'new' or member_when .. score_when == '') then
    met, new, changed, size = add_all(main, member_when == 'new', list)
  else
    met, new, changed = add_each(main, member_when, score_when, list)
  end
  if not met then return { 'refused' } end
  local trimmed, gone = trim(main, limit, list, size)
  return { 'done', digits(new), digits(changed), digits(trimmed), digits(gone) }
end

local function add_to(main, member, by, member_when, score_when, limit)
  local old = told_of(main, redis.pcall('ZSCORE', main, member))
  if not allowed(member_when, '', old) then return { 'refused' } end
  local sum = number(old or '0') + number(by)
  if sum ~= sum then misuse('overflow', old or '0', '+', by) end
  if not allowed(member_when, score_when, old, sum) then return { 'refused' } end
  if old then
    taken_back_by('ZADD', main, old, member)
  else
    taken_back_by('ZREM', main, member)
  end
  local score = write('ZINCRBY', main, by, member)
  local _, gone = trim(main, limit, { score, member })
  return gone == 1 and { 'trimmed' } or { 'done', score }
end

local function remove(main, members)
  if size_of(main) == 0 then return { '0' } end
  if journal then
    local list = {}
    for _, member in ipairs(members) do
      local score = redis.call('ZSCORE', main, member)
      if score then
        list[#list + 1] = member
        list[#list + 1] = score
      end
    end
    put_back_by(main, list)
  end
  return { digits(in_parts(write, 'ZREM', main, members)) }
end

local function remove_range(main, first, last)
  if size_of(main) == 0 then return { '0' } end
  if journal then put_back_by(main, redis.call('ZRANGE', main, first, last, 'WITHSCORES')) end
  return { digits(write('ZREMRANGEBYRANK', main, first, last)) }
end

local function remove_by_score(main, least, greatest)
  if size_of(main) == 0 then return { '0' } end
  if journal then
    put_back_by(main, redis.call('ZRANGEBYSCORE', main, least, greatest, 'WITHSCORES'))
  end
  return { digits(write('ZREMRANGEBYSCORE', main, least, greatest)) }
end

local function pop(main, from, count)
  if size_of(main) == 0 or count == 0 then return { 'some' } end
  local least = from == 'least'
  if not journal then
    return some(least and write('ZPOPMIN', main, count) or write('ZPOPMAX', main, count))
  end
  local list = least and redis.call('ZRANGE', main, 0, count - 1, 'WITHSCORES')
    or redis.call('ZREVRANGE', main, 0, count - 1, 'WITHSCORES')
  put_back_by(main, list)
  write('ZREMRANGEBYRANK', main, least and 0 or -count, least and count - 1 or -1)
  return some(list)
end

-- Ends the writing of a whole set: bounded, and living as long as what it is in place of.
local function settle(main, limit, left)
  local size = redis.call('ZCARD', main)
  local over = limit ~= '' and size - limit or 0
  if over > 0 then write('ZREMRANGEBYRANK', main, 0, over - 1) end
  if size > 0 and left >= 0 then write('PEXPIRE', main, math.max(left, 1)) end
  return digits(size - math.max(0, over))
end

local function replace(main, limit, list)
  local before = size_of(main)
  if before == 0 and #list == 0 then return { '0' } end
  local left = redis.call('PTTL', main)
  remember(main)
  if before > 0 then
    -- A server without memory refuses what takes more, and asks only at a script's first write.
    if #list > 0 then write('ZADD', main, list[1], list[2]) end
    write('DEL', main)
  end
  in_parts(write, 'ZADD', main, list)
  settle(main, limit, left)
  return { digits(before) }
end

-- The sets that are put together as a command takes them: how many, which, their weights, and what
-- becomes of the scores.
local function sets(how, names)
  local aggregate, weights = arg(), some_args(tonumber(arg()))
  for place = 1, #weights - #names do
    local name = object_keys()[1]
    local kind = redis.call('TYPE', name).ok
    if kind ~= 'zset' and kind ~= 'set' and kind ~= 'none' then
      misuse('type', 'a sorted set or a set', kind_of(name), digits(place))
    end
    names[#names + 1] = name
  end
  if how == 'difference' then return { #names, unpack(names) } end
  local words = { #names, unpack(names) }
  words[#words + 1] = 'WEIGHTS'
  for _, weight in ipairs(weights) do words[#words + 1] = weight end
  words[#words + 1] = 'AGGREGATE'
  words[#words + 1] = aggregate
  return words
end

local function combine(main, how)
  size_of(main)
  local words = sets(how, { main })
  words[#words + 1] = 'WITHSCORES'
  if how == 'union' then return some(redis.call('ZUNION', unpack(words))) end
  if how == 'intersection' then return some(redis.call('ZINTER', unpack(words))) end
  return some(redis.call('ZDIFF', unpack(words)))
end

local function store_combined(main, limit, how)
  size_of(main)
  local words, left = sets(how, {}), redis.call('PTTL', main)
  remember(main)
  if how == 'union' then
    write('ZUNIONSTORE', main, unpack(words))
  elseif how == 'intersection' then
    write('ZINTERSTORE', main, unpack(words))
  else
    write('ZDIFFSTORE', main, unpack(words))
  end
  return { settle(main, limit, left) }
end

local function scores_of(main, members)
  local scores = {}
  for place, member in ipairs(members) do
    scores[place] = told_of(main, redis.pcall('ZSCORE', main, member)) or ''
  end
  if #members == 0 then size_of(main) end
  return some(scores)
end

local function rank_of(main, from, member)
  local rank = from == 'least' and redis.pcall('ZRANK', main, member)
    or from == 'greatest' and redis.pcall('ZREVRANK', main, member)
  return { told_of(main, rank) and digits(rank) or 'none' }
end

local function range(main, from, first, last)
  local told = from == 'least' and redis.pcall('ZRANGE', main, first, last, 'WITHSCORES')
    or redis.pcall('ZREVRANGE', main, first, last, 'WITHSCORES')
  return some(told_of(main, told))
end

local function read(op, main)
  if op == 'len' then return { digits(size_of(main)) } end
  if op == 'scores' then return scores_of(main, some_args(tonumber(arg()))) end
  if op == 'rank' then return rank_of(main, arg(), arg()) end
  if op == 'range' then return range(main, arg(), arg(), arg()) end
  if op == 'page' then return page(main, arg(), tonumber(arg()), arg(), arg()) end
  if op == 'by_score' then
    return range_by_score(main, arg(), arg(), arg(), tonumber(arg()), tonumber(arg()))
  end
  if op == 'count' then
    return { digits(told_of(main, redis.pcall('ZCOUNT', main, arg(), arg()))) }
  end
  if op == 'combine' then return combine(main, arg()) end
end

sorted_set = function(op, names)
  local main = names[1]
  if op == 'add' then
    return add(main, arg(), arg(), arg(), some_args(2 * arg()))
  end
  if op == 'add_to' then return add_to(main, arg(), arg(), arg(), arg(), arg()) end
  if op == 'remove' then return remove(main, some_args(tonumber(arg()))) end
  if op == 'remove_range' then return remove_range(main, arg(), arg()) end
  if op == 'remove_by_score' then return remove_by_score(main, arg(), arg()) end
  if op == 'pop' then return pop(main, arg(), tonumber(arg())) end
  if op == 'replace' then return replace(main, arg(), some_args(2 * arg())) end
  if op == 'store' then return store_combined(main, arg(), arg()) end
  return read(op, main)
end

end

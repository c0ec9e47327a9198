-- Sets: a member is added (`a`) or removed (`r`), and is there or not. The terms are a limit.

local KIND, LEN, PUT, DROP, REMOVES = 'set', 'SCARD', 'SADD', 'SREM', 'r'
local WORDS, ALONE, IS_LIMITED = { a = 1, r = 1 }, { a = 'SADD', r = 'SREM' }, terms ~= ''

local function found(name, members)
  local told = call('SMISMEMBER', name, unpack(members))
  if told.err then return nil end
  for place, is in ipairs(told) do told[place] = is == 1 end
  return told
end

local function store(list, member)
  list[#list + 1] = member
end

local function counted(letter, number)
  return (letter == 'a' and '2;4:done1:' or '1;1:') .. number
end

local function changed(letter, set, member)
  local is_there = set.now[member]
  if letter == 'r' then
    if is_there then drop(set, member) end
    return is_there and '1;1:1' or '1;1:0'
  end
  if is_there then return '2;4:done1:0' end
  if IS_LIMITED and set.len >= tonumber(terms) then return '2;7:refused1:0', true end
  put(set, member, true)
  return '2;4:done1:1'
end

local function in_words(letter, member)
  if letter == 'a' then return { 'add', terms, '1', member } end
  return { 'remove', '1', member }
end

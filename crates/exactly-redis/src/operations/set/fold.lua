-- Sets: a member is added (`a`) or removed (`r`), and is there or not. The terms are a limit.

local KIND, LEN, PUT, DROP, REMOVES = 'set', 'SCARD', 'SADD', 'SREM', 'r'
local ADD, REMOVE = string.byte('ar', 1, 2)
local PAIRED, ALONE, LIMIT, SKIPPED = {}, { a = 'SADD', r = 'SREM' }, tonumber(terms), 0

local function found(name, members)
  local told = call('SMISMEMBER', name, unpack(members))
  return not told.err and told
end

-- The members that come, and those that go.
local function sides(now)
  local puts, drops, coming, going = {}, {}, 0, 0
  for member, is_there in pairs(now) do
    if is_there then
      coming = coming + 1
      puts[coming] = member
    else
      going = going + 1
      drops[going] = member
    end
  end
  return puts, drops
end

local function counted(letter, number)
  return (letter == 'a' and '2;4:done1:' or '1;1:') .. number
end

local function changed(code, is_there, _, is_full)
  if code == REMOVE then
    if is_there then return '1;1:1', false end
    return '1;1:0'
  end
  if is_there then return '2;4:done1:0' end
  if is_full then return '2;7:refused1:0' end
  return '2;4:done1:1', true
end

local function in_words(code, member)
  if code == ADD then return { 'add', terms, '1', member } end
  return { 'remove', '1', member }
end

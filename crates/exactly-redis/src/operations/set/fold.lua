-- Sets: a member is added (`a`) or removed (`r`), and is there or not. The terms are a limit.

local KIND, LEN, PUT, DROP, REMOVES = 'set', 'SCARD', 'SADD', 'SREM', 'r'
local ADD, REMOVE = string.byte('ar', 1, 2)
local PAIRED, ALONE, LIMIT = {}, { a = 'SADD', r = 'SREM' }, tonumber(terms)

local function found(name, members)
  local told = call('SMISMEMBER', name, unpack(members))
  if told.err then return nil end
  for place = 1, #told do told[place] = told[place] == 1 end
  return told
end

local function store(list, member)
  list[#list + 1] = member
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

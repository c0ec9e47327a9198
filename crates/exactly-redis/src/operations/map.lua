-- Maps: a hash of fields. Objects of other kinds are hashes as well, each with a field that no map
-- has. Lists of pairs have each field before its value.

local function must_be_map(main, marks)
  local told = marks or redis.pcall('HMGET', main, unpack(MARKS))
  if is_of_another_type(told) then misuse('type', 'a map', kind_of(main)) end
  for place = 1, #MARKS do
    if told[place] then misuse('type', 'a map', kind_of(main)) end
  end
end

-- The values of these fields, false where there is none: asked together with what tells other kinds.
local function values_at(main, fields)
  local asked = { unpack(MARKS) }
  for place = 1, math.min(#fields, PART) do asked[#MARKS + place] = fields[place] end
  local told, values = redis.pcall('HMGET', main, unpack(asked)), {}
  must_be_map(main, told)
  for place = #MARKS + 1, #told do values[#values + 1] = told[place] end
  for first = PART + 1, #fields, PART do
    local last = math.min(first + PART - 1, #fields)
    for _, value in ipairs(redis.call('HMGET', main, unpack(fields, first, last))) do
      values[#values + 1] = value
    end
  end
  return values
end

-- The fields of a list, each once: every `step`th word is one.
local function each_once(list, step)
  local fields, seen = {}, {}
  for place = 1, #list, step do
    local field = list[place]
    if not seen[field] then fields[#fields + 1] = field end
    seen[field] = true
  end
  return fields
end

-- How many more fields there is room for.
local function room(main, limit)
  if limit == '' then return math.huge end
  return math.max(0, tonumber(limit) - redis.call('HLEN', main))
end

-- How these fields become again what they are now.
local function remember_fields(main, fields)
  local new, old = {}, {}
  for place, value in ipairs(values_at(main, fields)) do
    if value then
      old[#old + 1] = fields[place]
      old[#old + 1] = value
    else
      new[#new + 1] = fields[place]
    end
  end
  remember_life_of(main)
  in_parts(taken_back_by, 'HDEL', main, new)
  in_parts(taken_back_by, 'HSET', main, old)
end

-- Sets one field, whose value is `found` now.
local function put(main, field, found, to)
  if found then
    taken_back_by('HSET', main, field, found)
  else
    taken_back_by('HDEL', main, field)
  end
  write('HSET', main, field, to)
end

-- Adds to the number in a field. `of` is how numbers are read and added.
local function add_to(of, main, limit, field, by)
  local found = values_at(main, { field })[1]
  local old = found and of.read(found)
  if found and not old then misuse('number in', of.name, field, found) end
  if not found and room(main, limit) == 0 then return { 'refused' } end
  local new = of.plus(old or '0', by)
  if not new then misuse('overflow in', field, old or '0', by) end
  put(main, field, found, new)
  return { 'done', new }
end

local function done(words)
  table.insert(words, 1, 'done')
  return words
end

local maps = {}

function maps.len(main)
  must_be_map(main)
  return { 'done', digits(redis.call('HLEN', main)) }
end

-- The fields that have a value as ones in a word, the others as zeros, and those values.
local function marked(values)
  local marks, words = {}, { 'done', '' }
  for place, value in ipairs(values) do
    marks[place] = value and '1' or '0'
    if value then words[#words + 1] = value end
  end
  words[2] = table.concat(marks)
  return words
end

function maps.get(main)
  return marked(values_at(main, some_args(arg())))
end

function maps.contains(main)
  must_be_map(main)
  local marks = some_args(arg())
  for place, field in ipairs(marks) do marks[place] = redis.call('HEXISTS', main, field) end
  return { 'done', table.concat(marks) }
end

function maps.all(main)
  must_be_map(main)
  return done(redis.call('HGETALL', main))
end

function maps.fields(main)
  must_be_map(main)
  return done(redis.call('HKEYS', main))
end

function maps.page(main)
  must_be_map(main)
  local page = redis.call('HSCAN', main, arg(), 'COUNT', arg())
  table.insert(page[2], 1, page[1])
  return done(page[2])
end

function maps.set(main)
  must_be_map(main)
  local limit, list = arg(), some_args(arg())
  local fields = (journal or limit ~= '') and each_once(list, 2)
  if limit ~= '' then
    local free, new = room(main, limit), 0
    for _, field in ipairs(fields) do new = new + 1 - redis.call('HEXISTS', main, field) end
    if new > free then return { 'refused', digits(free) } end
  end
  if journal then remember_fields(main, fields) end
  return { 'done', digits(in_parts(write, 'HSET', main, list)) }
end

function maps.absent(main)
  must_be_map(main)
  local limit, list = arg(), some_args(arg())
  local marks, new, fields, known = {}, {}, {}, {}
  for place = 1, #list, 2 do
    local field = list[place]
    local is_new = not known[field] and redis.call('HEXISTS', main, field) == 0
    known[field] = true
    marks[#marks + 1] = is_new and '1' or '0'
    if is_new then
      fields[#fields + 1] = field
      new[#new + 1] = field
      new[#new + 1] = list[place + 1]
    end
  end
  if #new == 0 and #list > 0 then return { 'refused', 'present' } end
  local free = room(main, limit)
  if #fields > free then return { 'refused', 'full', digits(free) } end
  in_parts(taken_back_by, 'HDEL', main, fields)
  in_parts(write, 'HSET', main, new)
  return { 'done', table.concat(marks) }
end

function maps.exchange(main)
  local limit, field = arg(), arg()
  local old, to = arg() == '1' and arg(), arg() == '1' and arg()
  local found = values_at(main, { field })[1]
  if found ~= old then
    return found and { 'refused', 'some', found } or { 'refused', 'none' }
  end
  if to and not found and room(main, limit) == 0 then return { 'refused', 'full' } end
  if to then
    put(main, field, found, to)
  elseif found then
    remember_life_of(main)
    taken_back_by('HSET', main, field, found)
    write('HDEL', main, field)
  end
  return { 'done' }
end

function maps.remove(main)
  must_be_map(main)
  local fields = some_args(arg())
  if journal then remember_fields(main, each_once(fields, 1)) end
  return { 'done', digits(in_parts(write, 'HDEL', main, fields)) }
end

function maps.take(main)
  local fields, seen, back = some_args(arg()), {}, {}
  local values = values_at(main, fields)
  for place, field in ipairs(fields) do
    -- A field that is named again has been taken by then.
    if seen[field] then values[place] = false end
    seen[field] = true
    if journal and values[place] then
      back[#back + 1] = field
      back[#back + 1] = values[place]
    end
  end
  remember_life_of(main)
  in_parts(taken_back_by, 'HSET', main, back)
  in_parts(write, 'HDEL', main, fields)
  return marked(values)
end

function maps.add(main)
  return add_to(integer, main, arg(), arg(), arg())
end

function maps.real(main)
  return add_to(real, main, arg(), arg(), arg())
end

function maps.replace(main)
  must_be_map(main)
  local limit, list = arg(), some_args(arg())
  local fields = each_once(list, 2)
  if limit ~= '' and #fields > tonumber(limit) then return { 'refused' } end
  local found, wanted, others = redis.call('HKEYS', main), {}, {}
  for _, field in ipairs(fields) do wanted[field] = true end
  for _, field in ipairs(found) do
    if not wanted[field] then others[#others + 1] = field end
  end
  if journal then
    remember_fields(main, others)
    remember_fields(main, fields)
  end
  -- The new ones come first: so the key stays, and its time to live.
  in_parts(write, 'HSET', main, list)
  in_parts(write, 'HDEL', main, others)
  return { 'done', digits(#found) }
end

local function map(op, names)
  return maps[op](names[1])
end

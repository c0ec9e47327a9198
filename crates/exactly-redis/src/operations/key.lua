-- The key itself, whatever it holds.

-- Which places of an object's keys belong to objects of these kinds, beside its own.
local BESIDE = {
  ['a capacity'] = { 3 }, ['a lock'] = { 3 }, ['work that is done once'] = { 3 },
  ['a queue'] = { 3, 4, 5, 6 },
}

-- The places of an object's keys that may hold something, by what is stored at its own: to ask for
-- each of them would be a command for each.
local function standing(names)
  local kind = redis.call('TYPE', names[1]).ok
  if kind == 'none' then return {} end
  if kind == 'string' then return { 1, 2 } end
  if kind == 'hash' then return { 1, unpack(BESIDE[kind_of(names[1])] or {}) } end
  return { 1 }
end

-- The places of those that nobody else can have. With two colons they are the object's, whatever
-- stands there; with one, as another library writes keys, they may be other objects.
local function owned(names)
  if string.sub(names[2], -7) ~= '::epoch' then return standing(names) end
  local places = {}
  for place = 1, #names do places[place] = place end
  return places
end

local function at(names, places)
  local found = {}
  for number, place in ipairs(places) do found[number] = names[place] end
  return found
end

local function rename(names, target, replace)
  local moved = standing(names)
  if #moved == 0 then return { 'missing' } end
  if names[1] == target[1] then return { replace and 'done' or 'taken' } end
  if not replace and redis.call('EXISTS', target[1]) == 1 then return { 'taken' } end
  local theirs = owned(target)
  for _, name in ipairs(at(names, moved)) do remember(name) end
  local seen = {}
  for _, places in ipairs({ moved, theirs }) do
    for _, place in ipairs(places) do
      if not seen[place] then remember(target[place]) end
      seen[place] = true
    end
  end
  -- Under another name it is another life: the epoch goes, and all that stands beside the target.
  local gone = moved[2] == 2 and { names[2] } or {}
  if moved[2] == 2 and theirs[2] ~= 2 then gone[2] = target[2] end
  for _, place in ipairs(theirs) do
    if place > 1 then gone[#gone + 1] = target[place] end
  end
  if #gone > 0 then write('DEL', unpack(gone)) end
  for _, place in ipairs(moved) do
    if place == 1 or (place > 2 and redis.call('EXISTS', names[place]) == 1) then
      write('RENAME', names[place], target[place])
    end
  end
  return { 'done' }
end

local function object(op, names)
  local main = names[1]
  if op == 'exists' then return { tostring(redis.call('EXISTS', main)) } end
  if op == 'ttl' then return { string.format('%.0f', redis.call('PTTL', main)) } end
  if op == 'delete' then
    local found, gone = redis.call('EXISTS', main), at(names, owned(names))
    for _, name in ipairs(gone) do remember(name) end
    if #gone > 0 then write('DEL', unpack(gone)) end
    return { tostring(found) }
  end
  if op == 'expire' then
    local time, found = arg(), at(names, standing(names))
    if #found > 0 then live(found, 'sliding', time) end
    return { #found > 0 and '1' or '0' }
  end
  if op == 'expire_at' then
    local moment, found = arg(), at(names, standing(names))
    if #found > 0 then live(found, 'until', moment) end
    return { #found > 0 and '1' or '0' }
  end
  if op == 'kind' then
    if redis.call('EXISTS', main) == 0 then return { 'none' } end
    return { 'some', kind_of(main) }
  end
  if op == 'persist' then
    local had = 0
    for place, name in ipairs(at(names, standing(names))) do
      remember_life(name)
      local told = write('PERSIST', name)
      if place == 1 then had = told end
    end
    return { tostring(had) }
  end
  return rename(names, object_keys(), arg() == '1')
end

-- The key itself, whatever it holds.

-- Those of an object's keys that may hold something, by what is stored at its own: to ask for each
-- of them would be a command for each.
local function standing(names)
  local kind = redis.call('TYPE', names[1]).ok
  if kind == 'none' then return {} end
  if kind == 'string' then return { names[1], names[2] } end
  if kind == 'hash' then return names end
  return { names[1] }
end

local function rename(names, target, replace)
  local moved = standing(names)
  if #moved == 0 then return { 'missing' } end
  if names[1] == target[1] then return { replace and 'done' or 'taken' } end
  if not replace and redis.call('EXISTS', target[1]) == 1 then return { 'taken' } end
  for place, name in ipairs(names) do
    remember(target[place])
    remember(name)
  end
  -- Under another name it is another life: the epoch goes, and all that stands beside the target.
  write('DEL', names[2], unpack(target, 2))
  write('RENAME', names[1], target[1])
  for place = 3, #moved do
    if redis.call('EXISTS', names[place]) == 1 then
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
    for _, name in ipairs(names) do remember(name) end
    local found = redis.call('EXISTS', main)
    write('DEL', unpack(names))
    return { tostring(found) }
  end
  if op == 'expire' then
    local time, found = arg(), standing(names)
    if #found > 0 then live(found, 'sliding', time) end
    return { #found > 0 and '1' or '0' }
  end
  if op == 'expire_at' then
    local moment, found = arg(), standing(names)
    if #found > 0 then live(found, 'until', moment) end
    return { #found > 0 and '1' or '0' }
  end
  if op == 'kind' then
    if redis.call('EXISTS', main) == 0 then return { 'none' } end
    return { 'some', kind_of(main) }
  end
  if op == 'persist' then
    local had = 0
    for place, name in ipairs(standing(names)) do
      remember_life(name)
      local told = write('PERSIST', name)
      if place == 1 then had = told end
    end
    return { tostring(had) }
  end
  return rename(names, object_keys(), arg() == '1')
end

-- The key itself, whatever it holds.

local function rename(names, target, replace)
  if redis.call('EXISTS', names[1]) == 0 then return { 'missing' } end
  if names[1] == target[1] then return { replace and 'done' or 'taken' } end
  if not replace and redis.call('EXISTS', target[1]) == 1 then return { 'taken' } end
  for place, name in ipairs(names) do
    remember(target[place])
    remember(name)
    if redis.call('EXISTS', name) == 1 then
      write('RENAME', name, target[place])
    else
      write('DEL', target[place])
    end
  end
  -- Under another name it is another life.
  write('DEL', target[2])
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
    local time = arg()
    local found = redis.call('EXISTS', main)
    if found == 1 then live(names, 'sliding', time) end
    return { tostring(found) }
  end
  if op == 'expire_at' then
    local moment = arg()
    local found = redis.call('EXISTS', main)
    if found == 1 then live(names, 'until', moment) end
    return { tostring(found) }
  end
  if op == 'kind' then
    if redis.call('EXISTS', main) == 0 then return { 'none' } end
    return { 'some', kind_of(main) }
  end
  if op == 'persist' then
    for _, name in ipairs(names) do remember_life(name) end
    local found = write('PERSIST', main)
    for place = 2, #names do write('PERSIST', names[place]) end
    return { tostring(found) }
  end
  return rename(names, { key(), key(), key() }, arg() == '1')
end

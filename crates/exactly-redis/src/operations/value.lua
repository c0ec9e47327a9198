-- Values: one text, read and replaced whole.

local function value(op, names)
  local main, epoch = names[1], names[2]
  local to, old
  if op == 'replace' then old = arg() end
  if op ~= 'get' and op ~= 'take' then to = arg() end
  local found = text_at(main)
  local told = found and { 'some', found } or { 'none' }
  if op == 'get' then return told end
  if op == 'take' then
    if found then remove(main, epoch) end
    return told
  end
  if (op == 'absent' and found) or (op == 'replace' and found ~= old) then
    return { 'refused', unpack(told) }
  end
  overwrite(main, epoch, to)
  return op == 'swap' and told or { 'done' }
end

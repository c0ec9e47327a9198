-- Flags: marked where a text is stored.

local function flag(op, names)
  local main, epoch = names[1], names[2]
  local marked = text_at(main)
  if op == 'is' then return { marked and '1' or '0' } end
  if op == 'clear' then
    if marked then remove(main, epoch) end
    return { marked and '1' or '0' }
  end
  if op == 'once' and marked then return { 'refused' } end
  overwrite(main, epoch, '1')
  return { 'done' }
end

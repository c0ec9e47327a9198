-- Limiters: a hash with one field, when the next unit would come if all came evenly, in
-- microseconds. It is stored no longer than that.

local function limiter(op, names)
  local main = names[1]
  local units, every, burst = tonumber(arg()), tonumber(arg()), tonumber(arg())
  local found = redis.pcall('HGET', main, '::arrival')
  if is_of_another_type(found) or (not found and redis.call('EXISTS', main) == 1) then
    misuse('type', 'a limiter', kind_of(main))
  end
  local arrival, span = math.max(tonumber(found or 0), now()), every * burst
  local free = string.format('%.0f', math.max(0, math.floor((now() + span - arrival) / every)))
  if op == 'peek' then return { free, string.format('%.0f', arrival - now()) } end
  local next = arrival + units * every
  local ahead = next - span - now()
  if ahead > 0 then return { 'refused', string.format('%.0f', ahead), free } end
  if found then
    remember_life(main)
    taken_back_by('HSET', main, '::arrival', found)
  else
    remember(main)
  end
  write('HSET', main, '::arrival', string.format('%.0f', next))
  -- A millisecond more than it is good for does no harm, one less would admit too many.
  write('PEXPIRE', main, string.format('%.0f', math.ceil((next - now()) / 1000) + 1))
  return { 'done', string.format('%.0f', free - units) }
end

-- Work that is done once: a hash with how often it was begun, the worker, and the answer once there
-- is one; beside it the worker with the end of its lease, in microseconds.

local function work_at(main, leases)
  local found = redis.pcall('HMGET', main, '::attempts', 'worker', 'answer')
  if is_of_another_type(found) or (not found[1] and redis.call('EXISTS', main) == 1) then
    misuse('type', 'work that is done once', kind_of(main))
  end
  local work = { attempts = found[1] or '0', worker = found[2], answer = found[3] }
  if work.worker and not work.answer then
    local ends = redis.pcall('ZSCORE', leases, work.worker)
    if is_of_another_type(ends) then misuse('type', 'the lease of work', kind_of(leases)) end
    work.left = (tonumber(ends or 0)) - now()
    work.runs = work.left > 0
  end
  return work
end

local function lease_work(leases, worker, lease)
  remember(leases)
  write('DEL', leases)
  write('ZADD', leases, string.format('%.0f', now() + lease), worker)
  -- Once it is over it says nothing more.
  write('PEXPIRE', leases, string.format('%.0f', math.ceil(lease / 1000) + 1000))
end

local function begin_work(main, leases, work, worker, lease)
  if work.answer then return { 'refused', 'done', work.answer } end
  if work.runs and work.worker == worker then return { 'begun', worker, work.attempts } end
  if work.runs then return { 'refused', 'runs', string.format('%.0f', work.left) } end
  local attempts = string.format('%.0f', work.attempts + 1)
  remember(main)
  write('HSET', main, '::attempts', attempts, 'worker', worker)
  lease_work(leases, worker, lease)
  return { 'begun', worker, attempts }
end

local function finish_work(main, leases, work, worker, answer, keep)
  if work.answer and work.worker == worker then return { 'done' } end
  if not work.runs or work.worker ~= worker then return { 'refused' } end
  remember(main)
  remember(leases)
  write('HSET', main, 'answer', answer)
  write('PEXPIRE', main, keep)
  write('DEL', leases)
  return { 'done' }
end

local function once(op, names)
  local main, leases = names[1], names[2]
  local work = work_at(main, leases)
  if op == 'read' then
    if work.answer then return { 'done', work.answer } end
    if work.runs then return { 'runs', string.format('%.0f', work.left), work.attempts } end
    if work.worker then return { 'crashed', work.attempts } end
    return { 'new' }
  end
  local worker = arg()
  if op == 'begin' then
    return begin_work(main, leases, work, worker, tonumber(arg()))
  end
  if op == 'finish' then
    local answer, keep = arg(), arg()
    return finish_work(main, leases, work, worker, answer, keep)
  end
  local is_its = work.runs and work.worker == worker
  if op == 'extend' then
    if not is_its then return { 'refused' } end
    lease_work(leases, worker, tonumber(arg()))
    return { 'done' }
  end
  -- abandon
  if is_its then
    remember(main)
    remember(leases)
    write('DEL', main, leases)
  end
  return { is_its and '1' or '0' }
end

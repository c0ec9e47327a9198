-- Queues: a hash with three fields for each job, its state under its name, `<name>:payload` and, once
-- a try of it has failed, `<name>:tries`; a field `delivery:<name>` for each that is on its way;
-- and the number of moves so far, in a field that no map may have. Beside it the jobs that wait, by
-- the time at which they are ready, and those that are claimed, by the end of their lease: in
-- microseconds, and behind the number of the move that led there, which tells the order within
-- one. The dead, by the number of the move that ended them, and the unique keys of the live.

local queue

do

-- Lua takes only so many arguments at once.
local PART = 4000
local TRIES_KEPT = 10

local function micros(number)
  return string.format('%.0f', number)
end

local function numbered(number, name)
  return string.format('%016.0f', number) .. name
end

-- The state of a job is its stage (`w` waiting, `c` claimed, `d` dead), its attempts, when it was
-- pushed, and the number of its last move; of a claimed one its delivery, how many tries there
-- are, and the number and the time of its place before; of a dead one when it died. Behind `=`
-- stands its unique key, if it has one.
local STATE = '^(%a) (%d+) (%d+) (%d+) (%x*) (%d*) (%d*) (%d*)(=?)(.*)$'

local function job_of(name, text)
  local job = { name = name, text = text }
  local is_unique, unique
  job.stage, job.attempts, job.pushed, job.number, job.delivery, job.tries_max, job.before, job.at,
    is_unique, unique = string.match(text, STATE)
  if is_unique == '=' then job.unique = unique end
  return job
end

local function text_of(job)
  local words = {
    job.stage, micros(job.attempts), job.pushed, micros(job.number), job.delivery or '',
    job.tries_max or '', job.before or '', job.at or '',
  }
  return table.concat(words, ' ') .. (job.unique and '=' .. job.unique or '')
end

local function tries_of(text)
  local tries, place = {}, 1
  while text and place <= #text do
    local _, last, attempt, at, length = string.find(text, '^(%d+) (%d+) (%d+):', place)
    place = last + 1 + length
    tries[#tries + 1] = { attempt, at, string.sub(text, last + 1, place - 1) }
  end
  return tries
end

-- The tries and one more: the last of them.
local function tried(text, attempt, at, note)
  local tries, words = tries_of(text), {}
  tries[#tries + 1] = { attempt, micros(at), note }
  for place = math.max(1, #tries - TRIES_KEPT + 1), #tries do
    local told = tries[place]
    words[#words + 1] = told[1] .. ' ' .. told[2] .. ' ' .. #told[3] .. ':' .. told[3]
  end
  return table.concat(words)
end

-- What the server answers of a key that stands beside the queue.
local function beside(told, name)
  if is_of_another_type(told) then misuse('type', 'a part of a queue', kind_of(name)) end
  return told
end

-- The values of many fields, in their order.
local function values_at(name, fields)
  local values = {}
  for first = 1, #fields, PART do
    local last = math.min(first + PART - 1, #fields)
    for _, value in ipairs(beside(redis.pcall('HMGET', name, unpack(fields, first, last)), name)) do
      values[#values + 1] = value
    end
  end
  return values
end

local function fields_of(names, before, after)
  local fields = {}
  for place, name in ipairs(names) do fields[place] = before .. name .. after end
  return fields
end

-- What an operation changes is gathered, so that each key is written once however many jobs there
-- are, and what takes it back beside it.
local function gather(list, command, name, ...)
  local kind = command .. name
  local words = list[kind]
  if not words then
    words = { command, name }
    list[kind] = words
    list[#list + 1] = words
  end
  for place = 1, select('#', ...) do words[#words + 1] = (select(place, ...)) end
end

local function play(list, run)
  for _, words in ipairs(list) do
    for first = 3, #words, PART do
      run(words[1], words[2], unpack(words, first, math.min(first + PART - 1, #words)))
    end
  end
end

local Queue = {}
Queue.__index = Queue

function Queue:change(command, name, ...)
  gather(self.changes, command, name, ...)
end

function Queue:undo(command, name, ...)
  if self.journaled then gather(self.undos, command, name, ...) end
end

-- A field of the hash: its value, or nothing to remove it; what it was, or nothing.
function Queue:field(field, to, was)
  if to then
    self:change('HSET', self.main, field, to)
  else
    self:change('HDEL', self.main, field)
  end
  if was then
    self:undo('HSET', self.main, field, was)
  else
    self:undo('HDEL', self.main, field)
  end
end

function Queue:next_number()
  self.moved = self.moved + 1
  return self.moved
end

-- Takes a job out of where it is. The score is that of its place among the others, as far as the
-- caller knows it.
function Queue:leave(job, score)
  local place = numbered(job.number, job.name)
  if job.stage == 'd' then
    self:change('ZREM', self.dead, job.name)
    self:undo('ZADD', self.dead, job.number, job.name)
    return
  end
  local name = job.stage == 'w' and self.waiting or self.leases
  if self.journaled then
    self:undo('ZADD', name, score or redis.call('ZSCORE', name, place), place)
  end
  self:change('ZREM', name, place)
  if job.stage == 'c' then self:field('delivery:' .. job.delivery, nil, job.name) end
end

-- Puts a job at another place, by what its stage is now: when it is ready, when its lease ends, or
-- when it died.
function Queue:enter(job, at)
  local place = numbered(job.number, job.name)
  if job.stage == 'd' then
    job.at = micros(at)
    self:change('ZADD', self.dead, micros(job.number), job.name)
    self:undo('ZREM', self.dead, job.name)
  else
    local name = job.stage == 'w' and self.waiting or self.leases
    self:change('ZADD', name, micros(at), place)
    self:undo('ZREM', name, place)
    if job.stage == 'c' then self:field('delivery:' .. job.delivery, job.name, nil) end
  end
  self:field(job.name, text_of(job), job.text)
end

function Queue:wait(job, at)
  job.stage, job.delivery, job.tries_max, job.before, job.at = 'w', nil, nil, nil, nil
  self:enter(job, at)
end

function Queue:free_unique(job)
  if not job.unique then return end
  self:change('HDEL', self.unique, job.unique)
  self:undo('HSET', self.unique, job.unique, job.name)
end

function Queue:take_unique(job)
  if not job.unique then return end
  self:change('HSET', self.unique, job.unique, job.name)
  self:undo('HDEL', self.unique, job.unique)
end

function Queue:die(job, at)
  self:free_unique(job)
  job.number = self:next_number()
  job.stage, job.delivery, job.tries_max, job.before = 'd', nil, nil, nil
  self:enter(job, at)
end

-- A delivery ended without its job being done. The tries are those before.
function Queue:fail(job, tries, at, note)
  self:field(job.name .. ':tries', tried(tries, job.attempts, at, note), tries)
end

-- Removes the job and all that is known of it. What it was matters only where it may come back.
function Queue:remove(job, payload, tries)
  self:field(job.name, nil, job.text)
  self:field(job.name .. ':payload', nil, payload)
  self:field(job.name .. ':tries', nil, tries)
end

-- Makes all the changes, and tells whether there were any. Those that time makes are not the
-- batch's: they count for no write of it, and are never taken back.
function Queue:store(run)
  if #self.changes == 0 then return false end
  if self.moved ~= self.moves then self:field('::queue', micros(self.moved), self.found) end
  if self.journaled then
    local left = life_of(self.main)
    for _, name in ipairs(left and self.names or {}) do
      taken_back_by('PEXPIRE', name, left)
    end
    play(self.undos, taken_back_by)
  end
  play(self.changes, run or write)
  self.changes, self.undos = {}, {}
  self.moves, self.found = self.moved, micros(self.moved)
  return true
end

-- All that stands beside a queue lives as long as it does.
function Queue:live_alike()
  local left = life_of(self.main)
  if not left then return end
  for place = 2, #self.names do write('PEXPIRE', self.names[place], left) end
end

-- With its last job the queue is gone.
function Queue:end_if_empty()
  if redis.call('HLEN', self.main) > 1 then return end
  taken_back_by('HSET', self.main, '::queue', self.found)
  write('DEL', self.main)
end

-- Ends the deliveries whose leases are over, a part at a time. What frees memory comes first: a
-- server that has none left takes the rest along, and whoever is done can still say so.
function Queue:lapse()
  repeat
    local over = beside(
      redis.pcall(
        'ZRANGEBYSCORE', self.leases, '-inf', micros(now()), 'WITHSCORES', 'LIMIT', 0, 500
      ),
      self.leases
    )
    if #over > 0 then self:lapse_these(over) end
  until #over < 1000
end

function Queue:lapse_these(over)
  local names, ends = {}, {}
  for place = 1, #over, 2 do
    names[#names + 1], ends[#ends + 1] = string.sub(over[place], 17), over[place + 1]
  end
  local texts = values_at(self.main, names)
  local tries = values_at(self.main, fields_of(names, '', ':tries'))
  beside(redis.pcall('ZCARD', self.waiting), self.waiting)
  beside(redis.pcall('ZCARD', self.dead), self.dead)
  beside(redis.pcall('HLEN', self.unique), self.unique)
  for place, name in ipairs(names) do
    local job, at = job_of(name, texts[place]), tonumber(ends[place])
    self:leave(job, ends[place])
    self:fail(job, tries[place], at, '')
    if tonumber(job.attempts) >= tonumber(job.tries_max) then
      self:die(job, at)
    else
      self:wait(job, at)
    end
  end
  self:store(redis.call)
  local left = life_of(self.main)
  for place = 2, left and #self.names or 0 do
    redis.call('PEXPIRE', self.names[place], left)
  end
end

-- What stands beside a queue that is gone belongs to nobody: somebody deleted its key alone, or its
-- time was over a moment before theirs. A new queue would find jobs there that it never had.
local function clear(names)
  if redis.call('EXISTS', unpack(names, 2)) == 0 then return end
  for place = 2, #names do
    local count = names[place] == names[5] and 'HLEN' or 'ZCARD'
    beside(redis.pcall(count, names[place]), names[place])
  end
  redis.call('DEL', unpack(names, 2))
end

local function queue_at(names)
  local main = names[1]
  local found = redis.pcall('HMGET', main, '::queue')
  if is_of_another_type(found) or (not found[1] and redis.call('EXISTS', main) == 1) then
    misuse('type', 'a queue', kind_of(main))
  end
  local moves = tonumber(found[1] or 0)
  local queue = setmetatable({
    names = names, main = main, leases = names[2], waiting = names[3], dead = names[4],
    unique = names[5], found = found[1], moves = moves, moved = moves, changes = {}, undos = {},
  }, Queue)
  if found[1] then queue:lapse() else clear(names) end
  queue.journaled = journal ~= nil
  return queue
end

function Queue:count(name)
  return beside(redis.pcall('ZCARD', name), name)
end

-- The time at which the first of a sorted set is due; nothing where it is empty.
function Queue:first_at(name)
  return tonumber(beside(redis.pcall('ZRANGE', name, 0, 0, 'WITHSCORES'), name)[2])
end

local function depth(queue)
  local waiting = queue:count(queue.waiting)
  local ready = redis.call('ZCOUNT', queue.waiting, '-inf', micros(now()))
  local oldest = ready > 0 and now() - queue:first_at(queue.waiting) or 0
  return {
    micros(ready), micros(waiting - ready), micros(queue:count(queue.leases)),
    micros(queue:count(queue.dead)), micros(oldest),
  }
end

-- Puts in the jobs that are new, all of them or none.
local function push(queue)
  local limit, jobs, names, keys = arg(), {}, {}, {}
  for place = 1, tonumber(arg()) do
    local name, payload, delay, is_unique, unique = arg(), arg(), arg(), arg(), arg()
    jobs[place] = { name = name, payload = payload, delay = tonumber(delay) }
    names[place] = name
    if is_unique == '1' then
      jobs[place].unique = unique
      keys[#keys + 1] = unique
    end
  end
  local known, same, told, new = {}, {}, { 'done' }, 0
  for place, text in ipairs(values_at(queue.main, names)) do
    if text then known[names[place]] = names[place] end
  end
  for place, name in ipairs(values_at(queue.unique, keys)) do same[keys[place]] = name end
  for _, job in ipairs(jobs) do
    local first = known[job.name] or (job.unique and same[job.unique])
    if not first then
      new, job.new = new + 1, true
      known[job.name] = job.name
      if job.unique then same[job.unique] = job.name end
    end
    told[#told + 1] = first or job.name
    told[#told + 1] = first and '0' or '1'
  end
  local live = queue:count(queue.waiting) + queue:count(queue.leases)
  if limit ~= '' and new > math.max(0, tonumber(limit) - live) then
    return { 'refused', micros(math.max(0, tonumber(limit) - live)) }
  end
  for _, job in ipairs(jobs) do
    if job.new then
      job.attempts, job.pushed, job.number = 0, micros(now()), queue:next_number()
      queue:field(job.name .. ':payload', job.payload, nil)
      queue:wait(job, now() + job.delay)
      queue:take_unique(job)
    end
  end
  if queue:store() then queue:live_alike() end
  return told
end

-- How long until time alone may make a job ready; nothing where it never will.
local function next_after(queue)
  local waiting, lease = queue:first_at(queue.waiting), queue:first_at(queue.leases)
  local first = math.min(waiting or math.huge, lease or math.huge)
  return first < math.huge and micros(math.max(0, first - now())) or ''
end

local function claim(queue)
  local lease, tries_max, deliveries = tonumber(arg()), arg(), {}
  for place = 1, tonumber(arg()) do deliveries[place] = arg() end
  local known = values_at(queue.main, fields_of(deliveries, 'delivery:', ''))
  local ready = beside(
    redis.pcall(
      'ZRANGEBYSCORE', queue.waiting, '-inf', micros(now()), 'WITHSCORES', 'LIMIT', 0, #deliveries
    ),
    queue.waiting
  )
  local names, taken, next_ready = {}, {}, 1
  for place, delivery in ipairs(deliveries) do
    if known[place] then
      names[#names + 1] = known[place]
      taken[#names] = { delivery = delivery }
    elseif ready[next_ready] then
      names[#names + 1] = string.sub(ready[next_ready], 17)
      taken[#names] = { delivery = delivery, score = ready[next_ready + 1] }
      next_ready = next_ready + 2
    end
  end
  if #names == 0 then return { 'refused', next_after(queue) } end
  local texts = values_at(queue.main, names)
  local payloads = values_at(queue.main, fields_of(names, '', ':payload'))
  local told = { 'done' }
  for place, name in ipairs(names) do
    local job = job_of(name, texts[place])
    local delivery, score = taken[place].delivery, taken[place].score
    if score then
      queue:leave(job, score)
      job.stage, job.delivery, job.tries_max = 'c', delivery, tries_max
      -- The server may write a round number with an exponent.
      job.before, job.at = job.number, micros(score)
      job.attempts, job.number = job.attempts + 1, queue:next_number()
      queue:enter(job, now() + lease)
    end
    told[#told + 1] = delivery
    told[#told + 1] = name
    told[#told + 1] = payloads[place]
    told[#told + 1] = micros(job.attempts)
  end
  if queue:store() then queue:live_alike() end
  return told
end

-- The job of a delivery that is on its way, and its tries; nothing where its lease is over.
local function delivered(queue)
  local name = values_at(queue.main, { 'delivery:' .. arg() })[1]
  if not name then return end
  local found = values_at(queue.main, { name, name .. ':tries' })
  return job_of(name, found[1]), found[2]
end

-- Looks at the keys that are about to be written, because half of it must never be.
function Queue:check(job, ...)
  if job.unique then beside(redis.pcall('HLEN', self.unique), self.unique) end
  for _, name in ipairs({ ... }) do self:count(name) end
end

local function acknowledge(queue)
  local job, tries = delivered(queue)
  if not job then return { 'refused' } end
  queue:check(job)
  queue:leave(job)
  queue:free_unique(job)
  local payload = queue.journaled and values_at(queue.main, { job.name .. ':payload' })[1]
  queue:remove(job, payload, tries)
  queue:store()
  queue:end_if_empty()
  return { 'done' }
end

local function retry(queue)
  local job, tries = delivered(queue)
  local after, note = tonumber(arg()), arg()
  if not job then return { 'refused' } end
  local dies = tonumber(job.attempts) >= tonumber(job.tries_max)
  queue:check(job, dies and queue.dead or queue.waiting)
  queue:leave(job)
  queue:fail(job, tries, now(), note)
  if dies then
    queue:die(job, now())
  else
    job.number = queue:next_number()
    queue:wait(job, now() + after)
  end
  queue:store()
  queue:live_alike()
  return { dies and 'dead' or 'done' }
end

local function release(queue)
  local job = delivered(queue)
  if not job then return { 'refused' } end
  queue:check(job, queue.waiting)
  queue:leave(job)
  job.attempts, job.number = job.attempts - 1, job.before
  queue:wait(job, job.at)
  queue:store()
  queue:live_alike()
  return { 'done' }
end

local function bury(queue)
  local job, tries = delivered(queue)
  local note = arg()
  if not job then return { 'refused' } end
  queue:check(job, queue.dead)
  queue:leave(job)
  queue:fail(job, tries, now(), note)
  queue:die(job, now())
  queue:store()
  queue:live_alike()
  return { 'done' }
end

-- The lease is told by the sorted set alone, so that those who wait for a job are not woken.
local function extend(queue)
  local job = delivered(queue)
  if not job then return { 'refused' } end
  local place = numbered(job.number, job.name)
  if journal then
    taken_back_by('ZADD', queue.leases, redis.call('ZSCORE', queue.leases, place), place)
  end
  write('ZADD', queue.leases, micros(now() + tonumber(arg())), place)
  return { 'done' }
end

-- The names of the dead behind a place, and the place of the last of them if there are more.
local function page(queue)
  local after, count = arg(), tonumber(arg())
  local found = beside(
    redis.pcall(
      'ZRANGEBYSCORE', queue.dead, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, count + 1
    ),
    queue.dead
  )
  local names = {}
  for place = 1, math.min(#found / 2, count) do names[place] = found[place * 2 - 1] end
  return names, #found / 2 > count and micros(found[count * 2]) or ''
end

local function dead(queue)
  local names, next_place = page(queue)
  local texts = values_at(queue.main, names)
  local payloads = values_at(queue.main, fields_of(names, '', ':payload'))
  local tries = values_at(queue.main, fields_of(names, '', ':tries'))
  local told = { next_place, micros(#names) }
  for place, name in ipairs(names) do
    local job, tries = job_of(name, texts[place]), tries_of(tries[place])
    local words = {
      name, payloads[place], job.attempts, micros(now() - job.pushed), micros(now() - job.at),
      micros(#tries),
    }
    for _, one in ipairs(tries) do
      words[#words + 1] = one[1]
      words[#words + 1] = micros(now() - one[2])
      words[#words + 1] = one[3]
    end
    for _, word in ipairs(words) do told[#told + 1] = word end
  end
  return told
end

-- The dead jobs that an operation is about, each once, and where the next page begins.
local function chosen(queue)
  local names, next_place, jobs, seen = {}, '', {}, {}
  if arg() == 'named' then
    for place = 1, tonumber(arg()) do names[place] = arg() end
    queue:count(queue.dead)
  else
    names, next_place = page(queue)
  end
  local tries = queue.journaled and values_at(queue.main, fields_of(names, '', ':tries')) or {}
  for place, text in ipairs(values_at(queue.main, names)) do
    local job = text and not seen[names[place]] and job_of(names[place], text)
    seen[names[place]] = true
    if job and job.stage == 'd' then
      job.tries = tries[place]
      jobs[#jobs + 1] = job
    end
  end
  return jobs, next_place
end

local function revive(queue)
  local jobs, next_place = chosen(queue)
  local keys, taken, revived = {}, {}, 0
  for _, job in ipairs(jobs) do
    if job.unique then keys[#keys + 1] = job.unique end
  end
  for place, name in ipairs(values_at(queue.unique, keys)) do taken[keys[place]] = name end
  queue:count(queue.waiting)
  for _, job in ipairs(jobs) do
    if not (job.unique and taken[job.unique]) then
      if job.unique then taken[job.unique] = job.name end
      queue:leave(job)
      queue:field(job.name .. ':tries', nil, job.tries)
      job.attempts, job.number = 0, queue:next_number()
      queue:wait(job, now())
      queue:take_unique(job)
      revived = revived + 1
    end
  end
  if queue:store() then queue:live_alike() end
  return { micros(revived), next_place }
end

local function discard(queue)
  local jobs, next_place = chosen(queue)
  local names = {}
  for place, job in ipairs(jobs) do names[place] = job.name end
  local payloads = {}
  if queue.journaled then payloads = values_at(queue.main, fields_of(names, '', ':payload')) end
  for place, job in ipairs(jobs) do
    queue:leave(job)
    queue:remove(job, payloads[place], job.tries)
  end
  if queue:store() then queue:end_if_empty() end
  return { micros(#jobs), next_place }
end

local OPERATIONS = {
  depth = depth, push = push, claim = claim, acknowledge = acknowledge, retry = retry,
  release = release, bury = bury, extend = extend, dead = dead, revive = revive,
  discard = discard,
}

-- The names that were local until here make room for those of other kinds: a script has two
-- hundred.
queue = function(op, names)
  return OPERATIONS[op](queue_at(names))
end

end

-- Locks: a hash with the greatest fence given (in a field that no map may have) and a field for each
-- who holds it or waits: `x` for alone or `s` for shared, and behind it the first fence of who holds
-- it. Beside it one sorted set with three orders, told apart by their scores: the ends of leases, in
-- microseconds; the line, with `.` behind the owner, as they came from 1 on; and the ends of the
-- places in it, with `-`, in microseconds less 2^53.

local lock, locks

do
  local LEASES, PLACES = 100000000000000, 9007199254740992
  local KEPT = 24 * 60 * 60 * 1000

  local function digits(number)
    return string.format('%.0f', number)
  end

  -- The greatest fence, and what is known of this owner; nothing where no lock is stored.
  local function stored_at(main, id)
    local found = redis.pcall('HMGET', main, '::fence', id)
    if is_of_another_type(found) or (not found[1] and redis.call('EXISTS', main) == 1) then
      misuse('type', 'a lock', kind_of(main))
    end
    return found[1], found[2]
  end

  -- Ends leases or places that are over, a part at a time. It is time that does this and not the
  -- batch, so it is no write of the batch's.
  local function lapse(main, leases, from, to, are_places)
    local lapsed, over = false, nil
    repeat
      over = redis.pcall('ZRANGEBYSCORE', leases, from, to, 'LIMIT', 0, 500)
      if is_of_another_type(over) then
        misuse('type', 'the leases of a lock', kind_of(leases))
      end
      local owners, members = {}, {}
      for place, member in ipairs(over) do
        owners[place] = string.sub(member, 1, 32)
        members[#members + 1] = member
        if are_places then members[#members + 1] = owners[place] .. '.' end
      end
      if #over > 0 then
        redis.call('HDEL', main, unpack(owners))
        redis.call('ZREM', leases, unpack(members))
        lapsed = true
      end
    until #over < 500
    return lapsed
  end

  -- All there is to know, for one who asks for it.
  local function read(main, leases, id)
    local fence, own = stored_at(main, id)
    local state = { fence = fence, own = own, waiting = 0, left = 0 }
    if redis.call('EXISTS', leases) == 0 then return state end
    local places_too = lapse(main, leases, '-inf', digits(now() - PLACES), true)
    if lapse(main, leases, LEASES, digits(now()), false) or places_too then
      state.fence, state.own = stored_at(main, id)
    end
    if not state.fence then
      -- Those of a lock that is gone.
      redis.call('DEL', leases)
      return state
    end
    state.waiting = redis.call('ZCOUNT', leases, '-inf', '(0')
    local first = redis.call('ZRANGEBYSCORE', leases, LEASES, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if first[1] then
      state.mode = string.sub(redis.call('HMGET', main, first[1])[1], 1, 1)
      state.left = first[2] - now()
    end
    return state
  end

  -- What is known of this owner, if its lease or place still runs, and whether it holds the lock.
  local function running(main, leases, id)
    local _, own = stored_at(main, id)
    local holds = own and #own > 1
    local ends = redis.pcall('ZSCORE', leases, holds and id or id .. '-')
    if is_of_another_type(ends) then misuse('type', 'the leases of a lock', kind_of(leases)) end
    if not own or not ends or ends + (holds and 0 or PLACES) <= now() then return end
    return own, holds
  end

  -- The score at this rank.
  local function score_at(leases, rank)
    return tonumber(redis.call('ZRANGE', leases, rank, rank, 'WITHSCORES')[2])
  end

  -- Notes how long both are remembered, before anything of them is changed.
  local function remember_both(main, leases, is_new)
    if is_new then return remember(main) end
    remember_life(main)
    remember_life(leases)
  end

  -- The lock is remembered for a while after its last lease.
  local function keep(main, leases, last)
    local left = digits(math.ceil((last - now()) / 1000) + KEPT)
    write('PEXPIRE', main, left)
    write('PEXPIRE', leases, left)
  end

  -- Puts a member in its order, or takes it out.
  local function rank(leases, member, score)
    if journal then
      local before = redis.call('ZSCORE', leases, member)
      if before then
        taken_back_by('ZADD', leases, before, member)
      else
        taken_back_by('ZREM', leases, member)
      end
    end
    if score then
      write('ZADD', leases, digits(score), member)
    else
      write('ZREM', leases, member)
    end
  end

  local function plus(fence, count)
    local low = tonumber(string.sub(fence, -3)) + count
    local high = tonumber(string.sub(fence, 1, -4)) + math.floor(low / 1000)
    return digits(high) .. string.format('%03d', low % 1000)
  end

  -- The first fence after this one: nanoseconds as text, beyond what doubles tell apart.
  local function next_fence(fence)
    local first = digits(now()) .. '000'
    -- Fences have as many digits as the time, so they are ordered as texts are.
    local next = fence and plus(fence, 1) or first
    return next > first and next or first
  end

  -- Whether one before whom those up to this score stand can have it: the first of the line, and
  -- with those who share it all who are first together.
  local function is_free_for(mode, main, leases, state, before, ahead)
    if state.mode and (mode == 'x' or state.mode == 'x') then return false end
    if mode == 'x' then return ahead == 0 end
    for from = 0, ahead - 1, 100 do
      local places = redis.call('ZRANGEBYSCORE', leases, 1, before, 'LIMIT', from, 100)
      for place, member in ipairs(places) do places[place] = string.sub(member, 1, 32) end
      for _, other in ipairs(redis.call('HMGET', main, unpack(places))) do
        if other == 'x' then return false end
      end
    end
    return true
  end

  local function hold(main, leases, state, id, mode, lease, count)
    local fence, ends = next_fence(state.fence), now() + lease
    -- Who shares it may end before another.
    local last = math.max(ends, state.mode and score_at(leases, -1) or 0)
    remember_both(main, leases, not state.fence)
    if state.fence then taken_back_by('HSET', main, '::fence', state.fence) end
    if state.own then
      taken_back_by('HSET', main, id, state.own)
    else
      taken_back_by('HDEL', main, id)
    end
    write('HSET', main, '::fence', plus(fence, count - 1), id, mode .. fence)
    if state.own then
      rank(leases, id .. '.')
      rank(leases, id .. '-')
    end
    rank(leases, id, ends)
    keep(main, leases, last)
    return { 'done', id, fence }
  end

  local function wait(main, leases, state, id, mode, lease)
    local ends = now() + lease - PLACES
    if state.own then
      -- A place that is kept is nobody else's business: those who wait for a change of the hash are
      -- not woken.
      return rank(leases, id .. '-', ends)
    end
    local last = state.waiting > 0 and score_at(leases, 2 * state.waiting - 1) or 0
    taken_back_by('HDEL', main, id)
    write('HSET', main, id, mode)
    rank(leases, id .. '.', last + 1)
    rank(leases, id .. '-', ends)
  end

  local function acquire(main, leases, state, id)
    local mode, lease, line, count = arg(), tonumber(arg()), arg() == '1', tonumber(arg())
    local holds = state.own and #state.own > 1
    if holds and (mode == 's' or string.sub(state.own, 1, 1) == 'x') then
      return { 'done', id, string.sub(state.own, 2) }
    end
    local place = state.own and not holds and redis.call('ZSCORE', leases, id .. '.')
    local before, ahead = '(' .. (place or LEASES), state.waiting
    if place then ahead = redis.call('ZCOUNT', leases, 1, before) end
    local told = { digits(ahead), digits(state.left) }
    if holds then return { 'refused', unpack(told) } end
    if (place or line or ahead == 0) and is_free_for(mode, main, leases, state, before, ahead) then
      return hold(main, leases, state, id, mode, lease, count)
    end
    if place and line then
      local left = redis.call('ZSCORE', leases, id .. '-') + PLACES - now()
      line = left <= lease / 2
    end
    if not line then return { 'refused', unpack(told) } end
    wait(main, leases, state, id, mode, lease)
    return { 'waiting', unpack(told) }
  end

  local function release(main, leases, id)
    local own, holds = running(main, leases, id)
    if not own then return { 'none' } end
    remember_both(main, leases, false)
    taken_back_by('HSET', main, id, own)
    write('HDEL', main, id)
    if holds then
      rank(leases, id)
    else
      rank(leases, id .. '.')
      rank(leases, id .. '-')
    end
    return { 'done' }
  end

  local function extend(main, leases, id, lease)
    local own, holds = running(main, leases, id)
    if not holds then return { 'refused' } end
    local ends = now() + lease
    local last = string.sub(own, 1, 1) == 's' and score_at(leases, -1) or 0
    remember_both(main, leases, false)
    rank(leases, id, ends)
    keep(main, leases, math.max(ends, last))
    return { 'done' }
  end

  -- Whether this owner's lease still runs.
  function locks(names, owner)
    local _, holds = running(names[1], names[2], owner)
    return holds
  end

  function lock(op, names)
    local main, leases, id = names[1], names[2], arg()
    if op == 'release' then return release(main, leases, id) end
    if op == 'extend' then return extend(main, leases, id, tonumber(arg())) end
    local state = read(main, leases, id)
    if op == 'acquire' then return acquire(main, leases, state, id) end
    -- read
    local holders, left = 0, 0
    if state.mode then
      holders = redis.call('ZCOUNT', leases, LEASES, '+inf')
      left = score_at(leases, -1) - now()
    end
    local fence, waiting = state.fence or '0', digits(state.waiting)
    return { digits(holders), state.mode or '', digits(left), waiting, fence }
  end
end

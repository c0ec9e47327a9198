-- Queues: jobs, each delivered to one worker at a time until it is done.

local function queue(op, names)
  return { op, names }
end

-- Sorted sets: members, each once and with a score, in the order of the scores.

local function sorted_set(op, names)
  return { op, names }
end

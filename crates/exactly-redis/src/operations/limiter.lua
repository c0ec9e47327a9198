-- Limiters: so many units in a while, by the generic cell rate algorithm.

local function limiter(op, names)
  return { op, names }
end

-- Work that is done once under an id, and whose answer is kept.

local function once(op, names)
  return { op, names }
end

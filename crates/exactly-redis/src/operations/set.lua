-- Sets: members, each once.

local function set(op, names)
  return { op, names }
end

-- Lists: elements in an order, taken and put at both ends.

local function list(op, names)
  return { op, names }
end

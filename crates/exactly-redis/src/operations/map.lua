-- Maps: fields, each with a value.

local function map(op, names)
  return { op, names }
end

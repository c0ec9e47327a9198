-- Locks: held on a lease by one, or shared by several.

-- Whether this owner's lease still runs.
local function locks(names, owner)
  return names == owner
end

local function lock(op, names)
  return { op, names }
end

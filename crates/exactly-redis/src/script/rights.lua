-- Which of these commands this user may not run, and which the server does not know. The key stands
-- for all keys. Servers before Redis 7 cannot be asked.

if not redis.acl_check_cmd then return {} end

local answers = {}
for place, command in ipairs(ARGV) do
  local known, allowed = pcall(redis.acl_check_cmd, command, KEYS[1], KEYS[1], KEYS[1])
  answers[place] = not known and 'unknown' or allowed and 'allowed' or 'denied'
end
return answers

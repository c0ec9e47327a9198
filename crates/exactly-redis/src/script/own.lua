local echo = table.remove(ARGV, 1) local function own() --TEXT--
end
return {echo, own()}

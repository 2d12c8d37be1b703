local function words() return coroutine.wrap(function() coroutine.yield("a") local x = {} ; return x.y.z end) end
for w in words() do print(w) end

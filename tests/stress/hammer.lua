-- What the scripts beside this one share.
local threading = require "threading"

local hammer = { THREADS = 8 }

-- f(i) in eight threads at once, i from 1; returns when all have ended.
function hammer.in_threads(f)
  local threads = {}
  for i = 1, hammer.THREADS do
    threads[i] = threading.Thread{target = f, args = {i}}
    threads[i]:start()
  end
  for i = 1, hammer.THREADS do threads[i]:join() end
end

-- Ends the program with a message unless both are equal.
function hammer.expect(what, expected, observed)
  if expected ~= observed then
    io.stderr:write(("%s: expected %s, observed %s\n"):format(what, expected, observed))
    os.exit(1)
  end
end

return hammer

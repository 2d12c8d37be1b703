-- An interface draws twenty frames a second, and its user asks for a download and for a search in a database: first
-- in the interface's own thread, then in another one.
--
--   gilvm run scripts/responsive_interface.lua          what it has cost
--   gilvm run scripts/responsive_interface.lua show     the interface too
--
-- The download comes from a server in this program, which sends it in pieces; the database is in memory.
local ThreadingHTTPServer = require("http.server").ThreadingHTTPServer
local sqlite3 = require "sqlite3"
local time = require "time"
local Thread = require("threading").Thread
local urlopen = require("urllib.request").urlopen

local FRAME <const> = 0.05  -- seconds
local shows = arg[1] == "show"

-- The server: a second for twenty pieces.
local Handler = {log_message = function() end}
function Handler:do_GET()
  self:send_response(200)
  self:send_header("Content-Length", 20000)
  self:end_headers()
  for _ = 1, 20 do
    time.sleep(0.05)
    self.wfile:write(("x"):rep(1000))
  end
end

local server <close> = ThreadingHTTPServer({"127.0.0.1", 0}, Handler)
Thread{target = function() server:serve_forever() end, daemon = true}:start()

-- The jobs
local function download()
  local answer = urlopen("http://127.0.0.1:" .. server.server_port .. "/")
  assert(#answer:read() == 20000)
end

local function search()
  local database = sqlite3.connect(":memory:")
  local row = database:execute[[
    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number LIMIT 500000)
    SELECT count(*) AS found FROM number WHERE i % 7 = 3]]:fetchone()
  assert(row.found == 71429)
  database:close()
end

-- The interface
local frames, longest, last

local function draw()
  local now = time.perf_counter()
  frames, longest, last = frames + 1, math.max(longest, now - last), now
  if shows then io.stderr:write("\r", ("|/-\\"):sub(frames % 4 + 1, frames % 4 + 1), " working ", frames) end
end

local function in_the_interface(job)
  draw()
  job()
  draw()
end

local function in_a_thread(job)
  local thread = Thread{target = job}
  thread:start()
  while thread:is_alive() do
    draw()
    time.sleep(FRAME)
  end
  draw()
end

print(string.format("%-9s  %-17s  %7s  %6s  %16s", "job", "where", "seconds", "frames", "longest freeze s"))
for _, job in ipairs{{"download", download}, {"search", search}} do
  for _, way in ipairs{{"in the interface", in_the_interface}, {"in a thread", in_a_thread}} do
    local start = time.perf_counter()
    frames, longest, last = 0, 0, start
    way[2](job[2])
    if shows then io.stderr:write("\r\27[K") end
    local seconds = time.perf_counter() - start
    print(string.format("%-9s  %-17s  %7.2f  %6d  %16.2f", job[1], way[1], seconds, frames, longest))
  end
end
server:shutdown()

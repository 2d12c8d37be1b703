-- Six jobs that wait: read, write and copy a file, upload, download, ask a database. One thread has an event loop, and a
-- clock that ticks in it twenty times a second.
--
--   gilvm run scripts/async_files_and_database.lua blocking   the jobs wait in the loop's own thread
--   gilvm run scripts/async_files_and_database.lua threads    each waits in a thread of an executor
--   gilvm run scripts/async_files_and_database.lua two        the same, and the executor has two threads only
--   gilvm run scripts/async_files_and_database.lua sockets    as threads, but the network is awaited, without any thread
--
-- The files are on a slow disk: a fifth of a second for whatever it does. `sleep` plays its part. The server is another
-- process on this machine, which takes three tenths to answer; so does the database, but that one computes.
local asyncio = require "asyncio"
local ThreadPoolExecutor = require("concurrent.futures").ThreadPoolExecutor
local multiprocessing = require "multiprocessing"
local sqlite3 = require "sqlite3"
local threading = require "threading"
local time = require "time"
local urlopen = require("urllib.request").urlopen
local await, coro = asyncio.await, asyncio.coro

local way = arg[1] or "threads"
if not ({blocking = true, threads = true, two = true, sockets = true})[way] then
  error("blocking, threads, two or sockets, not " .. way, 0)
end
local TICK <const> = 0.05  -- seconds

-- The server
local port_here, port_there = multiprocessing.Pipe()
local server = multiprocessing.Process{daemon = true, target = function()
  local Handler = {log_message = function() end}
  local function answer(self, text)
    time.sleep(0.3)
    self:send_response(200)
    self:send_header("Content-Length", #text)
    self:end_headers()
    self.wfile:write(text)
  end
  function Handler:do_GET() answer(self, "a page") end
  function Handler:do_POST()
    answer(self, #self.rfile:read(tonumber(self.headers["Content-Length"])) .. " bytes received")
  end
  local web = require("http.server").ThreadingHTTPServer({"127.0.0.1", 0}, Handler)
  port_there:send(web.server_port)
  web:serve_forever()
end}
server:start()
local port = port_here:recv()
local url = "http://127.0.0.1:" .. port .. "/"

-- The jobs, as one writes them without asyncio. Each returns what it has found out.
local source, target, copied = os.tmpname(), os.tmpname(), os.tmpname()

local function on_the_slow_disk(command, mode, text)
  local disk = assert(io.popen("sleep 0.2; " .. command, mode))
  local result = text and disk:write(text) or not text and disk:read("a")
  assert(disk:close())
  return result
end

local function read() return on_the_slow_disk("cat " .. source, "r") end

local function write()
  on_the_slow_disk("cat > " .. target, "w", "a line")
  return "written"
end

local function copy()
  on_the_slow_disk("cp " .. source .. " " .. copied, "r")
  return "copied"
end

local function upload() return urlopen(url, ("x"):rep(5000)):read() end

local function download() return urlopen(url):read() end

-- A connection belongs to the thread that has opened it; so the job opens its own.
local function query()
  local database = sqlite3.connect(":memory:")
  local row = database:execute[[
    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number LIMIT 500000)
    SELECT count(*) AS found FROM number WHERE i % 7 = 3]]:fetchone()
  database:close()
  return row.found .. " rows"
end

-- The two jobs of the network once more, with what asyncio itself can wait for.
local function request(text)
  local reader, writer <close> = await(asyncio.open_connection("127.0.0.1", port))
  writer:write(text)
  await(writer:drain())
  local answer = await(reader:read())
  return answer:match("\r\n\r\n(.*)")
end

local function upload_by_sockets()
  return request("POST / HTTP/1.0\r\nContent-Length: 5000\r\n\r\n" .. ("x"):rep(5000))
end

local function download_by_sockets() return request "GET / HTTP/1.0\r\n\r\n" end

-- The ways
local jobs = {
  {name = "read", run = read}, {name = "write", run = write}, {name = "copy", run = copy},
  {name = "upload", run = upload, by_sockets = upload_by_sockets},
  {name = "download", run = download, by_sockets = download_by_sockets},
  {name = "query", run = query},
}

local ways = {
  blocking = function(job) return job.run() end,
  threads  = function(job) return await(asyncio.to_thread(job.run)) end,
  two      = function(job) return await(asyncio.get_running_loop():run_in_executor(nil, job.run)) end,
  sockets  = function(job)
    if job.by_sockets then return job.by_sockets() end
    return await(asyncio.to_thread(job.run))
  end,
}
local do_job = ways[way]

local began
local function now() return time.perf_counter() - began end

local function work(job)
  local start = now()
  local result = do_job(job)
  print(string.format("%.1f to %.1f s  %-8s  %s", start, now(), job.name, result))
end

local ticks, longest, last = 0, 0, 0
local function tick()
  longest, last = math.max(longest, now() - last), now()
end

local most_threads = 1
local function clock()
  while true do
    await(asyncio.sleep(TICK))
    ticks = ticks + 1
    most_threads = math.max(most_threads, threading.active_count())
    tick()
  end
end

local file = assert(io.open(source, "w"))
file:write("what is in the file")
file:close()

asyncio.run(function()
  if way == "two" then asyncio.get_running_loop():set_default_executor(ThreadPoolExecutor(2)) end
  began = time.perf_counter()
  local ticking = asyncio.create_task(clock)
  await(asyncio.sleep(0))  -- lets the clock begin
  local tasks = {}
  for number, job in ipairs(jobs) do tasks[number] = asyncio.create_task(coro(work, job)) end
  await(asyncio.gather(table.unpack(tasks)))
  tick()
  print(string.format("%.1f s in all; ticks of the clock: %d, longest pause: %.2f s; threads: %d", now(), ticks, longest,
                      most_threads))
  ticking:cancel()
end)

server:terminate()
for _, name in ipairs{source, target, copied} do os.remove(name) end

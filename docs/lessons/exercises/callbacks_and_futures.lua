-- Exercise of the lesson callbacks_and_futures.
-- Run: gilvm run docs/lessons/exercises/callbacks_and_futures.lua
--
-- ask(server, callback) asks a server, and calls callback(answer, problem) some time later: with an answer, or with nil
-- and the problem. answer_of(server) is to be a future of the answer, or of the problem as its exception; and
-- ask_all(servers) is to ask all servers at once, and to return the list of answers in the order of the servers, with "-"
-- where there was a problem. As it stands, it loses the problems and asks one server after the other.
-- Change answer_of() and ask_all() only. You are done when the script prints "solved".
local asyncio = require "asyncio"
local await = asyncio.await

local in_flight, most_in_flight = 0, 0

local function ask(server, callback)
  in_flight = in_flight + 1
  most_in_flight = math.max(most_in_flight, in_flight)
  asyncio.get_running_loop():call_later(server.seconds, function()
    in_flight = in_flight - 1
    if server.works then callback("answer of " .. server.name) else callback(nil, server.name .. " is down") end
  end)
end

local function answer_of(server)
  local future = asyncio.Future()
  ask(server, function(answer) future:set_result(answer) end)
  return future
end

local function ask_all(servers)
  local answers = {}
  for i, server in ipairs(servers) do answers[i] = await(answer_of(server)) end
  return answers
end

-- The check.
local servers = {
  {name = "slow", seconds = 0.03, works = true},
  {name = "broken", seconds = 0.01, works = false},
  {name = "fast", seconds = 0.01, works = true},
}
asyncio.run(function()
  local answers = ask_all(servers)
  assert(#answers == 3, "there are " .. #answers .. " answers instead of 3")
  assert(answers[1] == "answer of slow", "the first answer is " .. tostring(answers[1]))
  assert(answers[2] == "-", "the second answer is " .. tostring(answers[2]) .. " instead of -")
  assert(answers[3] == "answer of fast", "the third answer is " .. tostring(answers[3]))
  assert(most_in_flight == 3, "at most " .. most_in_flight .. " servers were asked at the same time, and not 3")
  local _, problem = pcall(await, answer_of(servers[2]))
  assert(problem == "broken is down", "the future of a server that is down has the exception " .. tostring(problem))
end)
print "solved"

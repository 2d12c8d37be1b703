#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

TEST_CASE("a queue gives its items in their order, each kind in its own", "[asyncio]") {
  CHECK(run_in_task(R"(
    for _, kind in ipairs{"Queue", "LifoQueue", "PriorityQueue"} do
      local queue = asyncio[kind]()
      for _, item in ipairs{2, 3, 1} do await(queue:put(item)) end
      say(queue:qsize())
      while not queue:empty() do say(await(queue:get())) end
    end
    local nils = asyncio.Queue() nils:put_nowait(nil) say(nils:qsize()) say(nils:get_nowait()) say(nils)
    return said())") == "3 2 3 1 3 1 3 2 3 1 2 3 1 nil <asyncio.Queue maxsize=0 items=0>");
}

TEST_CASE("get waits for an item, and put for room", "[asyncio]") {
  CHECK(run_in_task(R"(
    local queue = asyncio.Queue{maxsize = 1}
    local consumer = create_task(function() for _ = 1, 3 do say(await(queue:get())) turn(2) end end)
    turn()
    for i = 1, 3 do await(queue:put(i)) say("put" .. i) end
    say(queue:full())
    await(consumer)
    say(queue:full())
    return said())") == "put1 1 put2 2 put3 true 3 false");
}

TEST_CASE("without waiting there are QueueEmpty and QueueFull", "[asyncio]") {
  CHECK(run_in_task(R"(
    local queue = asyncio.Queue(1)
    say(select(2, pcall(queue.get_nowait, queue)) == asyncio.QueueEmpty)
    queue:put_nowait(1)
    say(select(2, pcall(queue.put_nowait, queue, 2)) == asyncio.QueueFull)
    say(queue:get_nowait()) say(show(asyncio.Queue, "x"))
    return said())") == "true true 1 false TypeError: Queue: maxsize must be a number, got string");
}

TEST_CASE("join of tasks waits until every item is done", "[asyncio]") {
  CHECK(run_in_task(R"(
    local queue = asyncio.Queue()
    for i = 1, 3 do queue:put_nowait(i) end
    local worker = create_task(function() while true do await(queue:get()) turn() queue:task_done() say "done" end end)
    await(queue:join())
    say "joined"
    worker:cancel()
    say(show(queue.task_done, queue)) say(await(queue:join()))
    return said())") == "done done done joined false ValueError: task_done() called too many times nil");
}

TEST_CASE("a task that is cancelled in line for an item loses none", "[asyncio]") {
  CHECK(run_in_task(R"(
    local queue = asyncio.Queue()
    local a = create_task(queue:get())
    local b = create_task(queue:get())
    turn()
    queue:put_nowait("item") a:cancel()  -- woken, and cancelled in the same moment
    turn(3)
    say(a:cancelled()) say(b:done() and b:result())
    local full = asyncio.Queue(1)
    full:put_nowait(1)
    local c, d = create_task(full:put(2)), create_task(full:put(3))
    turn()
    full:get_nowait() c:cancel()
    turn(3)
    say(c:cancelled()) say(full:get_nowait()) say(full:empty())
    return said())") == "true item true 3 true");
}

TEST_CASE("a thousand items pass between many tasks, each once", "[asyncio]") {
  CHECK(run_in_task(R"(
    local queue, seen, sum = asyncio.Queue(7), {}, 0
    local consumers, producers = {}, {}
    for i = 1, 10 do
      consumers[i] = create_task(function()
        while true do
          local item = await(queue:get())
          assert(not seen[item])
          seen[item], sum = true, sum + item
          queue:task_done()
        end
      end)
      producers[i] = create_task(function() for k = i, 1000, 10 do await(queue:put(k)) end end)
    end
    await(gather(table.unpack(producers)))
    await(queue:join())
    for _, c in ipairs(consumers) do c:cancel() end
    return sum)") == "500500");
}

}  // namespace
}  // namespace gilvm

// The GIL among real threads. Nothing here depends on how fast they run: a test waits for a condition that
// the protocol promises, and checks counts, orders and bounds that hold on any machine.
#include "vm/runtime/gil.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>
#include <vector>

using namespace gilvm;
using namespace std::chrono_literals;

namespace {

SwitchInterval timed(Nanoseconds time) { return {.time = time, .instructions = 0}; }
SwitchInterval counted(std::uint64_t instructions) { return {.instructions = instructions}; }

class TestClient final : public GilClient {
 public:
  void request_drop() noexcept override { requested_.store(true, std::memory_order_relaxed); }
  void clear_drop_request() noexcept override { requested_.store(false, std::memory_order_relaxed); }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

// Ends a test that would hang. The bound is for a broken GIL only: no correct run comes near it.
template <typename Condition>
void spin_until(Condition condition) {
  const Instant give_up = monotonic_now() + 60s;
  while (!condition()) {
    if (monotonic_now() > give_up) {
      std::fprintf(stderr, "gil_test: what the GIL promises did not come\n");
      std::abort();
    }
    std::this_thread::yield();
  }
}

std::uint64_t total_requests(const std::vector<std::unique_ptr<TestClient>>& clients) {
  std::uint64_t total = 0;
  for (const auto& client : clients) total += client->statistics.requests;
  return total;
}

std::vector<std::unique_ptr<TestClient>> make_clients(int count) {
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < count; ++i) clients.push_back(std::make_unique<TestClient>());
  return clients;
}

// Runs `body(client)` in a thread for each client, and waits for all.
template <typename Body>
void run_all(const std::vector<std::unique_ptr<TestClient>>& clients, Body body) {
  std::vector<std::thread> threads;
  for (const auto& client : clients) threads.emplace_back([&body, &client] { body(*client); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("a waiter may request only after a whole interval", "[gil][rules]") {
  CHECK_FALSE(gil_rules::interval_passed(timed(5ms), 5ms - 1ns));
  CHECK(gil_rules::interval_passed(timed(5ms), 5ms));
}

TEST_CASE("an interval of no time is a microsecond, as in CPython", "[gil][rules]") {
  CHECK_FALSE(gil_rules::interval_passed(timed(0ns), 999ns));
  CHECK(gil_rules::interval_passed(timed(0ns), 1us));
}

TEST_CASE("a counted interval never passes by time, and a timed one never by count", "[gil][rules]") {
  CHECK_FALSE(gil_rules::interval_passed(counted(100), 24h));
  CHECK_FALSE(gil_rules::count_used_up(counted(100), 99));
  CHECK(gil_rules::count_used_up(counted(100), 100));
  CHECK_FALSE(gil_rules::count_used_up(timed(5ms), 1'000'000'000));
}

TEST_CASE("a request needs a passed interval, a holder, no switch and no standing request", "[gil][rules]") {
  CHECK(gil_rules::may_request(true, true, false, false));
  CHECK_FALSE(gil_rules::may_request(false, true, false, false));
  CHECK_FALSE(gil_rules::may_request(true, false, false, false));
  CHECK_FALSE(gil_rules::may_request(true, true, true, false));
  CHECK_FALSE(gil_rules::may_request(true, true, false, true));
}

TEST_CASE("who owes a handover takes a free lock only when nobody else waits", "[gil][rules]") {
  CHECK_FALSE(gil_rules::may_take(true, false, 0));
  CHECK(gil_rules::may_take(false, false, 3));
  CHECK_FALSE(gil_rules::may_take(false, true, 1));
  CHECK(gil_rules::may_take(false, true, 0));
}

TEST_CASE("urgent holders run up a debt of an interval at most, and the others work it off", "[gil][rules]") {
  CHECK(gil_rules::debt_after(1ms, 2ms, /*urgent=*/true, timed(5ms)) == 3ms);
  CHECK(gil_rules::debt_after(4ms, 2ms, /*urgent=*/true, timed(5ms)) == 5ms);
  CHECK(gil_rules::debt_after(4ms, 1ms, /*urgent=*/false, timed(5ms)) == 3ms);
  CHECK(gil_rules::debt_after(1ms, 9ms, /*urgent=*/false, timed(5ms)) == 0ms);
}

TEST_CASE("those who are not urgent go first from a whole debt on until it is worked off", "[gil][rules]") {
  CHECK_FALSE(gil_rules::others_go_first(false, 5ms - 1ns, timed(5ms)));
  CHECK(gil_rules::others_go_first(false, 5ms, timed(5ms)));
  CHECK(gil_rules::others_go_first(true, 1ns, timed(5ms)));
  CHECK_FALSE(gil_rules::others_go_first(true, 0ms, timed(5ms)));
}

TEST_CASE("an urgent client is left alone no longer than for an interval", "[gil][rules]") {
  CHECK(gil_rules::urgent_time(timed(5ms)) < 5ms);
  CHECK(gil_rules::urgent_time(timed(10us)) == 10us);
}

TEST_CASE("no two clients hold the lock at once", "[gil]") {
  Gil gil(timed(20us), GENERATE(GilPolicy::kInterval, GilPolicy::kIoFirst));
  auto clients = make_clients(4);
  constexpr int kRounds = 5000;
  int counter = 0;  // not atomic, and guarded by the GIL alone
  std::atomic<int> holders{0};
  std::atomic<bool> two_holders{false};
  run_all(clients, [&](TestClient& client) {
    for (int i = 0; i < kRounds; ++i) {
      gil.take(client, i % 3 == 0 ? Arrival::kReady : Arrival::kIsBack);
      if (holders.fetch_add(1) != 0 || gil.holder() != &client) two_holders = true;
      ++counter;
      holders.fetch_sub(1);
      if (client.requested() || i % 16 == 0) gil.yield(client);
      ++counter;
      gil.drop(client);
    }
  });
  CHECK_FALSE(two_holders);
  CHECK(counter == 4 * 2 * kRounds);
  CHECK(gil.holder() == nullptr);
  CHECK_FALSE(gil.wanted());
}

TEST_CASE("a waiter requests a drop once, after one interval and not before", "[gil]") {
  constexpr Nanoseconds kInterval = 3ms;
  Gil gil(timed(kInterval));
  TestClient holder;
  TestClient waiter;
  gil.take(holder);
  std::atomic<Instant> started{Instant{}};
  std::thread thread([&] {
    started = monotonic_now();
    gil.take(waiter);
    gil.drop(waiter);
  });
  spin_until([&] { return holder.requested(); });
  CHECK(monotonic_now() - started.load() >= kInterval);
  // Several more intervals pass before the holder obeys: the standing request is not made again.
  spin_until([&, seen = monotonic_now()] { return monotonic_now() - seen >= 3 * kInterval; });
  CHECK(waiter.statistics.requests == 1);
  gil.yield(holder);
  CHECK_FALSE(holder.requested());
  gil.drop(holder);
  thread.join();
  CHECK(waiter.statistics.requests == 1);
  CHECK(holder.statistics.requests == 0);
  CHECK(waiter.statistics.waited.load() >= kInterval);
}

TEST_CASE("a client that yields does not take the lock again before another one did", "[gil]") {
  Gil gil(timed(1us));
  auto clients = make_clients(3);
  constexpr int kHandovers = 500;
  const TestClient* last = nullptr;  // guarded by the GIL
  std::atomic<int> took_again{0};
  std::atomic<int> handovers{0};
  run_all(clients, [&](TestClient& client) {
    gil.take(client);
    while (handovers < kHandovers) {
      last = &client;
      // Without a waiter yield() is right to keep the lock.
      spin_until([&] { return gil.wanted() || handovers >= kHandovers; });
      if (!gil.wanted()) break;
      gil.yield(client);
      if (last == &client) ++took_again;
      ++handovers;
    }
    // Whoever took it meanwhile has left its mark, even where it does not go round again.
    last = &client;
    gil.drop(client);
  });
  CHECK(took_again == 0);
}

TEST_CASE("a client that blocks while a request stands owes the handover too", "[gil]") {
  const Arrival arrival = GENERATE(Arrival::kReady, Arrival::kIsBack);
  Gil gil(timed(1us), GilPolicy::kIoFirst);
  TestClient holder;
  TestClient waiter;
  for (int i = 0; i < 200; ++i) {
    gil.take(holder, arrival);
    bool waiter_had_it = false;  // guarded by the GIL
    std::thread thread([&] {
      gil.take(waiter);
      waiter_had_it = true;
      gil.drop(waiter);
    });
    spin_until([&] { return holder.requested(); });
    gil.drop(holder);
    CHECK_FALSE(holder.requested());
    gil.take(holder, arrival);
    CHECK(waiter_had_it);
    gil.drop(holder);
    thread.join();
  }
}

TEST_CASE("a yield that nobody waits for keeps the lock", "[gil]") {
  Gil gil(timed(5ms));
  TestClient client;
  gil.take(client);
  gil.yield(client);
  CHECK(gil.holder() == &client);
  CHECK(client.statistics.held.load() == 0ns);
  CHECK(client.statistics.switches == 0);
  gil.drop(client);
}

TEST_CASE("every one of many waiters gets the lock again and again", "[gil]") {
  const SwitchInterval interval = GENERATE(timed(50us), counted(100));
  Gil gil(interval, GENERATE(GilPolicy::kInterval, GilPolicy::kIoFirst));
  auto clients = make_clients(8);
  constexpr int kTurns = 25;
  int lacking = 8;  // clients that have not had their turns yet; guarded by the GIL
  const Instant give_up = monotonic_now() + 60s;
  // Nobody stops before all have had their turns, so one that starved would have the others go on for ever.
  run_all(clients, [&](TestClient& client) {
    gil.take(client);
    for (int turn = 1; turn <= kTurns || lacking > 0; ++turn) {
      if (turn == kTurns) --lacking;
      std::uint64_t instructions = 0;
      while (gil.wanted() && !client.requested() && !gil_rules::count_used_up(interval, instructions)) {
        ++instructions;
      }
      gil.yield(client);
      if (monotonic_now() > give_up) break;
    }
    gil.drop(client);
  });
  CHECK(lacking == 0);
}

TEST_CASE("nobody is left behind when the interval changes between a count and a time", "[gil]") {
  Gil gil(counted(100), GENERATE(GilPolicy::kInterval, GilPolicy::kIoFirst));
  auto clients = make_clients(4);
  std::atomic<bool> over{false};
  std::thread changing([&] {
    while (!over.load()) {
      gil.set_interval(timed(20us));
      std::this_thread::yield();
      gil.set_interval(counted(100));
      std::this_thread::yield();
    }
  });
  int turns = 0;  // guarded by the GIL
  run_all(clients, [&](TestClient& client) {
    gil.take(client);
    for (int turn = 0; turn < 500; ++turn) {
      ++turns;
      gil.yield(client);
      if (turn % 10 == 0) {
        gil.drop(client);
        gil.take(client, Arrival::kIsBack);
      }
    }
    gil.drop(client);
  });
  over.store(true);
  changing.join();
  CHECK(turns == 4 * 500);
}

TEST_CASE("with a counted interval nobody requests, and the count alone hands over", "[gil]") {
  Gil gil(counted(100));
  auto clients = make_clients(2);
  run_all(clients, [&](TestClient& client) {
    gil.take(client);
    for (std::uint64_t instructions = 1; instructions <= 20000; ++instructions) {
      if (instructions % 100 == 0 && gil.wanted()) gil.yield(client);
    }
    gil.drop(client);
  });
  TestClient& holder = *clients[0];
  TestClient& waiter = *clients[1];
  gil.take(holder);
  std::thread thread([&] {
    gil.take(waiter);
    gil.drop(waiter);
  });
  spin_until([&] { return gil.wanted(); });
  // Twice the default time interval: a waiter that measures time would have asked.
  spin_until([&, seen = monotonic_now()] { return monotonic_now() - seen >= 10ms; });
  CHECK_FALSE(holder.requested());
  const std::uint64_t switches = waiter.statistics.switches;
  gil.yield(holder);
  CHECK(waiter.statistics.switches == switches + 1);
  gil.drop(holder);
  thread.join();
  CHECK(total_requests(clients) == 0);
}

TEST_CASE("a request goes to the holder that it was meant for, and not to the next", "[gil]") {
  Gil gil(timed(100us));
  TestClient first;
  TestClient second;
  gil.take(first);
  std::atomic<bool> requested_on_arrival{true};
  std::thread thread([&] {
    gil.take(second);
    requested_on_arrival = second.requested();
    gil.drop(second);
  });
  spin_until([&] { return first.requested(); });
  gil.drop(first);
  thread.join();
  CHECK_FALSE(first.requested());
  CHECK_FALSE(requested_on_arrival);
  gil.take(first);
  CHECK_FALSE(first.requested());
  gil.drop(first);
}

TEST_CASE("the statistics add up", "[gil]") {
  Gil gil(timed(100us));
  auto clients = make_clients(3);
  const GilClient* last = nullptr;  // guarded by the GIL, as is the next
  std::uint64_t switches_seen = 0;
  std::atomic<int> waited_too_long{0};
  const Instant begin = monotonic_now();
  run_all(clients, [&](TestClient& client) {
    const Instant thread_begin = monotonic_now();
    const auto note_turn = [&] {
      if (last != nullptr && last != &client) ++switches_seen;
      last = &client;
    };
    for (int i = 0; i < 200; ++i) {
      gil.take(client);
      note_turn();
      for (int step = 0; step < 1000; ++step) {
        if (!client.requested()) continue;
        gil.yield(client);
        note_turn();
      }
      gil.drop(client);
    }
    const Nanoseconds lived = monotonic_now() - thread_begin;
    if (client.statistics.held.load() + client.statistics.waited.load() > lived) ++waited_too_long;
  });
  const Nanoseconds wall = monotonic_now() - begin;
  std::uint64_t switches = 0;
  Nanoseconds held{};
  for (const auto& client : clients) {
    switches += client->statistics.switches;
    held += client->statistics.held.load();
  }
  CHECK(switches == switches_seen);
  CHECK(held > 0ns);
  // Holding excludes holding: all together cannot have held longer than there was time.
  CHECK(held <= wall);
  CHECK(waited_too_long == 0);
}

TEST_CASE("a client is not taken for an ended one at the same address", "[gil]") {
  Gil gil(timed(5ms));
  alignas(TestClient) std::byte storage[sizeof(TestClient)];
  std::uint64_t switches[2];
  for (std::uint64_t& count : switches) {
    auto* client = new (storage) TestClient;
    gil.take(*client);
    gil.drop(*client);
    count = client->statistics.switches;
    client->~TestClient();
  }
  CHECK(switches[0] == 0);
  CHECK(switches[1] == 1);
}

TEST_CASE("a new interval is in force for those who wait already", "[gil]") {
  const SwitchInterval before = GENERATE(timed(24h), counted(100), timed(Nanoseconds::max()));
  Gil gil(before);
  TestClient holder;
  TestClient waiter;
  gil.take(holder);
  std::thread thread([&] {
    gil.take(waiter);
    gil.drop(waiter);
  });
  spin_until([&] { return gil.wanted(); });
  CHECK_FALSE(holder.requested());
  gil.set_interval(timed(10us));
  spin_until([&] { return holder.requested(); });
  gil.yield(holder);
  gil.drop(holder);
  thread.join();
  CHECK(waiter.statistics.requests == 1);
}

TEST_CASE("the interval read is the interval set", "[gil]") {
  Gil gil(counted(100));
  CHECK(gil.interval().counted());
  CHECK(gil.interval().instructions == 100);
  gil.set_interval(timed(7ms));
  CHECK_FALSE(gil.interval().counted());
  CHECK(gil.interval().time == 7ms);
}

TEST_CASE("a client that is back from a blocking call asks at once, and has the lock before others",
          "[gil]") {
  Gil gil(timed(24h), GilPolicy::kIoFirst);
  TestClient holder, ready, back;
  for (int i = 0; i < 50; ++i) {
    std::vector<const TestClient*> order;  // guarded by the GIL
    const auto take_part = [&](TestClient& client, Arrival arrival) {
      gil.take(client, arrival);
      order.push_back(&client);
      gil.drop(client);
    };
    gil.take(holder);
    std::thread first([&] { take_part(ready, Arrival::kReady); });
    spin_until([&] { return gil.wanted(); });
    CHECK_FALSE(holder.requested());
    std::thread second([&] { take_part(back, Arrival::kIsBack); });
    spin_until([&] { return holder.requested(); });
    if (i % 2 == 0) {
      gil.yield(holder);
      order.push_back(&holder);
    }
    gil.drop(holder);
    first.join();
    second.join();
    REQUIRE(order.size() >= 2);
    CHECK(order.front() == &back);
  }
  CHECK(back.statistics.requests == 50);
  CHECK(ready.statistics.requests == 0);
}

TEST_CASE("with the policy of the interval it does not matter where a client comes from", "[gil]") {
  Gil gil(timed(24h));
  TestClient holder, waiter;
  gil.take(holder, Arrival::kIsBack);
  std::thread thread([&] {
    gil.take(waiter, Arrival::kIsBack);
    gil.drop(waiter);
  });
  spin_until([&] { return gil.wanted(); });
  gil.set_interval(timed(24h));  // under the mutex, so the waiter sleeps by now: it has asked, if it does so
  CHECK_FALSE(holder.requested());
  gil.drop(holder);
  thread.join();
}

TEST_CASE("a client that is back is left alone for a moment by others that are", "[gil]") {
  Gil gil(timed(24h), GilPolicy::kIoFirst);
  TestClient holder, waiter;
  for (int i = 0; i < 50; ++i) {
    const Instant taken = monotonic_now();
    gil.take(holder, Arrival::kIsBack);
    std::thread thread([&] {
      gil.take(waiter, Arrival::kIsBack);
      gil.drop(waiter);
    });
    spin_until([&] { return holder.requested(); });
    CHECK(monotonic_now() - taken >= gil_rules::urgent_time(gil.interval()));
    gil.yield(holder);
    gil.drop(holder);
    thread.join();
  }
}

TEST_CASE("clients that come back without end do not starve the one that computes", "[gil]") {
  const SwitchInterval interval = GENERATE(timed(200us), counted(100));
  Gil gil(interval, GilPolicy::kIoFirst);
  auto clients = make_clients(8);
  constexpr int kTurns = 50;
  int lacking = 8;  // clients that have not had their turns yet; guarded by the GIL
  const Instant give_up = monotonic_now() + 60s;
  run_all(clients, [&](TestClient& client) {
    const bool computes = &client == clients[0].get();
    gil.take(client);
    for (int turn = 1; turn <= kTurns || lacking > 0; ++turn) {
      if (turn == kTurns) --lacking;
      if (monotonic_now() > give_up) break;
      if (computes) {
        std::uint64_t instructions = 0;
        spin_until([&] {
          return client.requested() || gil_rules::count_used_up(interval, ++instructions) || lacking == 0;
        });
        gil.yield(client);
      } else {
        gil.drop(client);
        gil.take(client, Arrival::kIsBack);
      }
    }
    gil.drop(client);
  });
  CHECK(lacking == 0);
}

TEST_CASE("after a fork the child's holder goes on without the parent's waiters", "[gil][fork]") {
  const Arrival arrival = GENERATE(Arrival::kReady, Arrival::kIsBack);
  Gil gil(timed(100us), GilPolicy::kIoFirst);
  TestClient holder;
  TestClient waiter;
  gil.take(holder);
  std::thread thread([&] {
    gil.take(waiter, arrival);
    gil.drop(waiter);
  });
  spin_until([&] { return holder.requested(); });
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // a hang in the child ends as a failure here
    gil.reset_after_fork(holder);
    bool ok = gil.holder() == &holder && !gil.wanted() && !holder.requested();
    gil.yield(holder);
    gil.drop(holder);
    gil.take(holder);  // would wait for ever, were the handover still owed to a thread of the parent's
    gil.drop(holder);
    ok = ok && gil.holder() == nullptr && holder.statistics.switches == 0;
    _exit(ok ? 0 : 1);
  }
  REQUIRE(child > 0);
  gil.drop(holder);
  thread.join();
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

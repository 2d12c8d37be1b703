#include "vm/object/coroutine.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/object/object_heap.h"

namespace gilvm {
namespace {

// How many objects of the kind the heap has after a collection from `root`.
std::size_t count_after_collection(ObjectHeap& heap, Object* root, ObjectKind kind) {
  heap.collect(root);
  std::size_t count = 0;
  heap.heap.each_object([&](const Object* object) { count += object->kind == kind; });
  return count;
}

NativeFunction* make_native(ObjectHeap& heap) {
  return NativeFunction::make(*heap.local, "native", [](NativeCall&) { return 0; });
}

void push(Coroutine* coroutine, Value value) {
  REQUIRE(coroutine->reserve(coroutine->top, 1));
  (coroutine->top++)->set(value);
}

}  // namespace

TEST_CASE("a new coroutine is suspended, a main one runs", "[coroutine]") {
  ObjectHeap heap;
  Coroutine* coroutine = Coroutine::make(*heap.local, Value::native(make_native(heap)));
  CHECK(coroutine->status() == CoroutineStatus::kSuspended);
  CHECK_FALSE(coroutine->is_main());
  Coroutine* main = Coroutine::make_main(*heap.local);
  CHECK(main->status() == CoroutineStatus::kRunning);
  CHECK(main->is_main());
}

TEST_CASE("of many threads one claims a coroutine", "[coroutine]") {
  ObjectHeap heap;
  Coroutine* coroutine = Coroutine::make(*heap.local, Value::native(make_native(heap)));
  constexpr int kThreads = 4, kRounds = 2000;
  // Not atomic: the claim alone keeps the threads apart.
  int claims = 0;
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        while (!coroutine->claim(CoroutineStatus::kSuspended)) std::this_thread::yield();
        ++claims;
        coroutine->set_status(CoroutineStatus::kSuspended);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(claims == kThreads * kRounds);
  CHECK_FALSE(coroutine->claim(CoroutineStatus::kFailed));
}

TEST_CASE("the stack keeps its values, its top and its frames' bases as it grows", "[coroutine]") {
  ObjectHeap heap;
  Coroutine* coroutine = Coroutine::make(*heap.local, Value::native(make_native(heap)));
  for (int number = 1; number < 10000; ++number) {
    push(coroutine, Value::inline_integer(number));
    CallFrame* frame = coroutine->push_frame();
    REQUIRE(frame);
    frame->kind = FrameKind::kNative;
    frame->native = nullptr;
    frame->base = coroutine->stack() + number;
  }
  CHECK(coroutine->index_of(coroutine->top) == 10000);
  for (int number = 1; number < 10000; ++number) {
    REQUIRE(coroutine->stack()[number].value == Value::inline_integer(number));
    REQUIRE(coroutine->first_frame()[number].base == coroutine->stack() + number);
  }
}

TEST_CASE("a stack has its limit", "[coroutine]") {
  ObjectHeap heap;
  Coroutine* coroutine = Coroutine::make_main(*heap.local);
  CHECK(coroutine->reserve(coroutine->stack(), Coroutine::kLargestStack));
  CHECK_FALSE(coroutine->reserve(coroutine->stack(), Coroutine::kLargestStack + 1));
  CHECK(coroutine->reserve(coroutine->stack(), Coroutine::kLargestStack + 1, true));
}

TEST_CASE("a collection keeps what a suspended coroutine holds, and nothing above it", "[coroutine]") {
  ObjectHeap heap;
  NativeFunction* native = make_native(heap);
  Coroutine* coroutine = Coroutine::make(*heap.local, Value::native(native));
  for (int number = 0; number < 5; ++number) push(coroutine, Value::table(Table::make(*heap.local)));
  // It waits in a call whose function stands above two of the tables: the other three are dead.
  coroutine->wait(native, coroutine->stack() + 3, OnReturn::kCall);
  coroutine->stack()[3].set(Value::native(native));
  CHECK(count_after_collection(heap, coroutine, ObjectKind::kTable) == 2);
  CHECK(coroutine->stack()[2].value.is_table());
  CHECK(coroutine->stack()[4].value.is_nil());
  CHECK(coroutine->stack()[5].value.is_nil());
}

TEST_CASE("a collection keeps who resumed a coroutine, what it waits in and what is to be closed",
          "[coroutine]") {
  ObjectHeap heap;
  NativeFunction* native = make_native(heap);
  Coroutine* main = Coroutine::make_main(*heap.local);
  Coroutine* coroutine = Coroutine::make(*heap.local, Value::native(native));
  coroutine->resumer = main;
  main->wait(make_native(heap), main->stack(), OnReturn::kCall);
  main->to_be_closed.push_back({0, Value::table(Table::make(*heap.local))});
  coroutine->failure = Value::table(Table::make(*heap.local));
  CHECK(count_after_collection(heap, coroutine, ObjectKind::kCoroutine) == 2);
  CHECK(count_after_collection(heap, coroutine, ObjectKind::kTable) == 2);
  CHECK(count_after_collection(heap, coroutine, ObjectKind::kNativeFunction) == 2);
  CHECK(count_after_collection(heap, main, ObjectKind::kCoroutine) == 1);
  CHECK(count_after_collection(heap, nullptr, ObjectKind::kCoroutine) == 0);
}

TEST_CASE("a dead coroutine holds nothing", "[coroutine]") {
  ObjectHeap heap;
  Coroutine* coroutine = Coroutine::make(*heap.local, Value::native(make_native(heap)));
  push(coroutine, Value::table(Table::make(*heap.local)));
  coroutine->failure = Value::table(Table::make(*heap.local));
  coroutine->release();
  coroutine->set_status(CoroutineStatus::kDead);
  CHECK(count_after_collection(heap, coroutine, ObjectKind::kTable) == 0);
  CHECK(count_after_collection(heap, coroutine, ObjectKind::kCoroutine) == 1);
}

TEST_CASE("the stacks of coroutines count as memory in use", "[coroutine]") {
  ObjectHeap heap;
  Coroutine* coroutine = Coroutine::make(*heap.local, Value::native(make_native(heap)));
  const std::size_t before = heap.heap.bytes_in_use();
  REQUIRE(coroutine->reserve(coroutine->stack(), 100000));
  CHECK(heap.heap.bytes_in_use() >= before + 100000 * sizeof(Register));
  CHECK(heap.heap.wants_collection());
  heap.collect(coroutine);
  CHECK(heap.heap.bytes_in_use() >= 100000 * sizeof(Register));
  heap.collect(nullptr);
  CHECK(heap.heap.bytes_in_use() < 100000);
}

TEST_CASE("a coroutine is small at first", "[coroutine]") {
  ObjectHeap heap;
  heap.collect(nullptr);
  const std::size_t before = heap.heap.bytes_in_use();
  std::vector<Coroutine*> coroutines;
  Table* all = Table::make(*heap.local);
  NativeFunction* native = make_native(heap);
  constexpr int kCount = 1000;
  for (int number = 1; number <= kCount; ++number) {
    all->set_integer(*heap.local, number,
                     Value::coroutine(Coroutine::make(*heap.local, Value::native(native))));
  }
  heap.collect(all);
  CHECK((heap.heap.bytes_in_use() - before) / kCount < 1100);
}

}  // namespace gilvm

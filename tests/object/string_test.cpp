#include "vm/object/string.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/object/object_heap.h"

namespace gilvm {

TEST_CASE("a string keeps its bytes, zero bytes too, and ends with one more", "[string]") {
  ObjectHeap heap;
  for (const std::size_t length : {0, 1, 7, 8, 9, 39, 40, 41, 1000, 100'000}) {
    std::string bytes(length, 'x');
    for (std::size_t index = 0; index < length; ++index) bytes[index] = static_cast<char>(index % 256);
    const String* string = heap.strings.make(*heap.local, bytes);
    CHECK(string->view() == bytes);
    CHECK(string->length() == length);
    CHECK(string->data()[length] == '\0');
  }
}

TEST_CASE("the room that many strings took is free when they are not made again, and the others are found",
          "[string]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  const String* kept = heap.strings.make(*heap.local, "kept");
  table->set_integer(*heap.local, 1, Value::string(kept));
  heap.collect(table);
  const std::size_t before = heap.heap.bytes_in_use();
  for (int number = 0; number < 100'000; ++number) heap.strings.make(*heap.local, std::to_string(number));
  heap.collect(table);  // frees the strings, and keeps the chains for as many
  heap.collect(table);
  CHECK(heap.heap.bytes_in_use() == before);
  CHECK(heap.strings.make(*heap.local, "kept") == kept);
}

TEST_CASE("two short strings with the same bytes are one object", "[string]") {
  ObjectHeap heap;
  for (std::size_t length = 0; length <= String::kLongestShort; ++length) {
    const std::string bytes(length, 'a');
    const String* string = heap.strings.make(*heap.local, bytes);
    CHECK(string->is_interned());
    CHECK(heap.strings.make(*heap.local, bytes) == string);
  }
}

TEST_CASE("short strings that differ in one byte are two objects", "[string]") {
  ObjectHeap heap;
  for (std::size_t changed = 0; changed < String::kLongestShort; ++changed) {
    std::string bytes(String::kLongestShort, 'a');
    const String* string = heap.strings.make(*heap.local, bytes);
    bytes[changed] = 'b';
    CHECK(heap.strings.make(*heap.local, bytes) != string);
    CHECK_FALSE(heap.strings.make(*heap.local, bytes)->equals(string));
  }
}

TEST_CASE("long strings are equal by their bytes, and each is an object of its own", "[string]") {
  ObjectHeap heap;
  const std::string bytes(String::kLongestShort + 1, 'a');
  const String* first = heap.strings.make(*heap.local, bytes);
  const String* second = heap.strings.make(*heap.local, bytes);
  CHECK_FALSE(first->is_short());
  CHECK(first != second);
  CHECK(first->equals(second));
  CHECK(first->hash() == second->hash());
  CHECK_FALSE(first->equals(heap.strings.make(*heap.local, bytes + "a")));
}

TEST_CASE("what is computed while threads run in parallel is not interned, but equal", "[string]") {
  ObjectHeap heap;
  const String* name = heap.strings.make(*heap.local, "name");
  heap.local->interns_texts = false;
  CHECK(heap.strings.make_text(*heap.local, "name") == name);  // it is there
  for (const std::size_t length : {0u, 1u, 40u}) {
    const std::string bytes(length, 'a');
    String* text = heap.strings.make_text(*heap.local, bytes);
    String* other = heap.strings.make_text(*heap.local, bytes);
    CHECK(text != other);
    CHECK_FALSE(text->is_interned());
    const String* interned = heap.strings.intern(*heap.local, text);
    CHECK(interned->is_interned());
    CHECK(heap.strings.intern(*heap.local, other) == interned);
    CHECK(heap.strings.make_text(*heap.local, bytes) == interned);
    for (const String* one :
         {static_cast<const String*>(text), static_cast<const String*>(other), interned}) {
      CHECK(one->equals(text));
      CHECK(interned->equals(one));
      CHECK(one->hash() == interned->hash());
      CHECK_FALSE(one->equals(name));
      CHECK_FALSE(name->equals(one));
    }
  }
  CHECK_FALSE(heap.strings.make_text(*heap.local, std::string(41, 'a'))->is_interned());
}

TEST_CASE("a short string is found again as long as it is reachable, and made anew afterwards", "[string]") {
  ObjectHeap heap;
  String* kept = heap.strings.make(*heap.local, "kept");
  for (int count = 0; count < 10; ++count) {
    heap.strings.make(*heap.local, "dropped");
    heap.collect(kept);
    CHECK(heap.strings.make(*heap.local, "kept") == kept);
    CHECK(heap.strings.make(*heap.local, "dropped")->view() == "dropped");
  }
}

TEST_CASE("interning stays right when the table of strings grows and shrinks", "[string]") {
  ObjectHeap heap;
  Table* table = Table::make(*heap.local);
  for (std::int64_t number = 1; number <= 20'000; ++number) {
    table->set_integer(*heap.local, number, heap.text("key" + std::to_string(number)));
    heap.text("garbage" + std::to_string(number));
    if (number % 5000 == 0) heap.collect(table);
  }
  for (std::int64_t number = 1; number <= 20'000; ++number) {
    REQUIRE(table->get_integer(number) == heap.text("key" + std::to_string(number)));
  }
}

TEST_CASE("four threads that intern the same bytes get the same objects", "[string][threads]") {
  constexpr int kThreads = 4;
  constexpr int kNames = 5000;
  for (int round = 0; round < 10; ++round) {
    ObjectHeap heap;
    std::vector<std::vector<String*>> made(kThreads);
    std::atomic<int> waiting{kThreads};
    std::vector<std::thread> threads;
    for (std::vector<String*>& strings : made) {
      threads.emplace_back([&] {
        LocalHeap* local = heap.heap.attach(nullptr);
        waiting.fetch_sub(1);
        while (waiting.load() > 0) std::this_thread::yield();
        for (int number = 0; number < kNames; ++number) {
          strings.push_back(heap.strings.make(*local, "name" + std::to_string(number)));
        }
        heap.heap.detach(local);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int number = 0; number < kNames; ++number) {
      const auto index = static_cast<std::size_t>(number);
      REQUIRE(made[0][index]->view() == "name" + std::to_string(number));
      for (const std::vector<String*>& strings : made) REQUIRE(strings[index] == made[0][index]);
    }
  }
}

}  // namespace gilvm

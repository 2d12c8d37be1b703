// Lua strings: immutable bytes. Short ones are interned, so that equality is identity: all of them, but for
// texts that are computed while several threads run at the same time. To intern each of those would make the
// table a thing that all cores write to all the time; such a text is interned when it becomes a key.
//
// Threads: any thread may read a string. StringTable::intern may be called by any thread at once: the table
// is a hash table whose chains only grow at their head, by compare-and-swap; it is purged and resized only
// while the world is stopped. Invariants:
//  (1) Two interned strings with the same bytes are the same object, within one VM. An interned string is
//      short.
//  (2) Object::word of a short string is its hash, interned or not.
//  (3) The short strings that are keys of tables are interned, and so are those of a program's constants.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "vm/heap/heap.h"

namespace gilvm {

class String : public Object {
 public:
  static constexpr std::uint8_t kInterned = 1;  // in Object::flags
  static constexpr std::size_t kLongestShort = 40;

  std::string_view view() const { return {data(), length_}; }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }  // followed by a NUL
  std::size_t length() const { return length_; }
  bool is_short() const { return length_ <= kLongestShort; }
  bool is_interned() const { return flags & kInterned; }
  // The bytes' hash. That of a long string is computed at each call.
  std::uint32_t hash() const;
  bool equals(const String* other) const {
    return this == other || (!(is_interned() && other->is_interned()) && view() == other->view());
  }

 private:
  friend class StringTable;
  std::size_t length_;
  std::atomic<String*> next_;  // in a chain of the string table
};

// The short strings of a VM, and the way to make any string.
class StringTable {
 public:
  // `seed` decides the hashes, and so the order in which tables with string keys are traversed.
  StringTable(Heap& heap, std::uint32_t seed);
  StringTable(const StringTable&) = delete;

  // The string with these bytes: short ones interned, long ones new.
  String* make(LocalHeap& heap, std::string_view bytes) {
    return bytes.size() <= String::kLongestShort ? intern(heap, bytes) : make_new(heap, bytes);
  }
  // The same for what is computed, of which there may be much: a short string is interned already, or only
  // made, as the thread does it (LocalHeap::interns_texts).
  String* make_text(LocalHeap& heap, std::string_view bytes) {
    return heap.interns_texts ? make(heap, bytes) : find_or_make(heap, bytes);
  }
  // The interned string with the same bytes. REQUIRES: string->is_short().
  String* intern(LocalHeap& heap, String* string) {
    return string->is_interned() ? string : intern(heap, string->view());
  }
  // A new long string whose bytes the caller fills in before anyone else sees it.
  // Null: there is no memory for it. REQUIRES: length > String::kLongestShort.
  String* make_uninitialised(LocalHeap& heap, std::size_t length, char** bytes);

  // Makes more chains where there are too few for the strings, or fewer where most are empty.
  // REQUIRES: the world is stopped.
  void fit_chains();
  // Are there so many strings that the chains are long? Then a thread should stop the world for fit_chains().
  bool is_crowded() const { return count_.load(std::memory_order_relaxed) > 2 * (mask_ + 1); }

 private:
  String* intern(LocalHeap& heap, std::string_view bytes);
  String* find_or_make(LocalHeap& heap, std::string_view bytes);
  String* make_new(LocalHeap& heap, std::string_view bytes);
  void initialise(String* string, std::size_t length);
  String* find(String* chain, std::string_view bytes, std::uint32_t hash) const;
  void purge(const Marker& marker);

  std::uint32_t seed_;
  std::uint32_t mask_;
  std::unique_ptr<std::atomic<String*>[]> chains_;
  static constexpr unsigned kReported = 64;  // strings that a thread makes before it adds them to the sum
  std::atomic<std::uint32_t> count_{0};
};

}  // namespace gilvm

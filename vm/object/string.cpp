#include "vm/object/string.h"

#include <cstring>

namespace gilvm {
namespace {

template <typename Word>
std::uint64_t word_at(const char* data) {
  Word word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

// Multiply and fold, by eight bytes. What is left of them is read as one word that overlaps the one before,
// and short texts as two words or three bytes that overlap: a copy of so many bytes would be a loop, and its
// result would have to wait for the stores of all of them.
[[gnu::always_inline]] inline std::uint32_t hash_of(std::string_view bytes, std::uint32_t seed) {
  constexpr std::uint64_t kFactor = 0xD6E8FEB86659FD93ULL;
  const char* data = bytes.data();
  const std::size_t size = bytes.size();
  std::uint64_t hash = seed ^ (size * 0x9E3779B97F4A7C15ULL);
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kFactor;
    hash ^= hash >> 32;
  };
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) mix(word_at<std::uint64_t>(data + at));
    mix(word_at<std::uint64_t>(data + size - 8));
  } else if (size >= 4) {
    mix(word_at<std::uint32_t>(data) << 32 | word_at<std::uint32_t>(data + size - 4));
  } else if (size > 0) {
    mix(word_at<std::uint8_t>(data) << 16 | word_at<std::uint8_t>(data + size / 2) << 8 |
        word_at<std::uint8_t>(data + size - 1));
  }
  return static_cast<std::uint32_t>(hash * kFactor >> 32);
}

constexpr std::uint32_t kFirstChains = 1024;

std::unique_ptr<std::atomic<String*>[]> make_chains(std::uint32_t count) {
  return std::unique_ptr<std::atomic<String*>[]>(new std::atomic<String*>[count]());
}

}  // namespace

std::uint32_t String::hash() const { return is_short() ? word : hash_of(view(), 0); }

StringTable::StringTable(Heap& heap, std::uint32_t seed)
    : seed_(seed), mask_(kFirstChains - 1), chains_(make_chains(kFirstChains)) {
  heap.strings = this;
  heap.on_marked([this](Marker& marker) {
    // For as many as there were, not for those that are left: until the next collection there will be as many
    // again, and it would stop the world once more to make chains for them.
    const std::uint32_t before = count_.load(std::memory_order_relaxed);
    purge(marker);
    const std::uint32_t kept = count_.exchange(before, std::memory_order_relaxed);
    fit_chains();
    count_.store(kept, std::memory_order_relaxed);
    marker.add_bytes(std::size_t{mask_} * sizeof(chains_[0]));
  });
}

String* StringTable::find(String* chain, std::string_view bytes, std::uint32_t hash) const {
  for (String* string = chain; string; string = string->next_.load(std::memory_order_relaxed)) {
    if (string->word == hash && string->length_ == bytes.size() && string->view() == bytes) {
      return string;
    }
  }
  return nullptr;
}

String* StringTable::intern(LocalHeap& heap, std::string_view bytes) {
  const std::uint32_t hash = hash_of(bytes, seed_);
  std::atomic<String*>& chain = chains_[hash & mask_];
  // The acquire pairs with the release of the insertion below: what is on the chain is initialised.
  String* head = chain.load(std::memory_order_acquire);
  if (String* found = find(head, bytes, hash)) return found;

  auto* string = static_cast<String*>(heap.allocate(ObjectKind::kString, sizeof(String) + bytes.size() + 1));
  string->flags = String::kInterned;
  string->word = hash;
  string->length_ = bytes.size();
  char* data = reinterpret_cast<char*>(string + 1);
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  data[bytes.size()] = '\0';
  new (&string->next_) std::atomic<String*>(head);
  while (!chain.compare_exchange_weak(head, string, std::memory_order_acq_rel, std::memory_order_acquire)) {
    // Another thread put strings in front. Perhaps this one.
    if (String* found = find(head, bytes, hash)) return found;
    string->next_.store(head, std::memory_order_relaxed);
  }
  if (++heap.strings_made % kReported == 0) {
    const std::uint32_t count = count_.fetch_add(kReported, std::memory_order_relaxed) + kReported;
    // Asked for now and then only: it takes until the next safepoint.
    if (count > 2 * (mask_ + 1) && count / kReported % 16 == 0) heap.report_pressure();
  }
  return string;
}

void StringTable::initialise(String* string, std::size_t length) {
  string->length_ = length;
  new (&string->next_) std::atomic<String*>(nullptr);
  reinterpret_cast<char*>(string + 1)[length] = '\0';
}

String* StringTable::make_uninitialised(LocalHeap& heap, std::size_t length, char** bytes) {
  auto* string = static_cast<String*>(heap.try_allocate(ObjectKind::kString, sizeof(String) + length + 1));
  if (!string) return nullptr;
  initialise(string, length);
  *bytes = reinterpret_cast<char*>(string + 1);
  return string;
}

String* StringTable::find_or_make(LocalHeap& heap, std::string_view bytes) {
  if (bytes.size() > String::kLongestShort) return make_new(heap, bytes);
  const std::uint32_t hash = hash_of(bytes, seed_);
  if (String* found = find(chains_[hash & mask_].load(std::memory_order_acquire), bytes, hash)) return found;
  String* string = make_new(heap, bytes);
  string->word = hash;
  return string;
}

String* StringTable::make_new(LocalHeap& heap, std::string_view bytes) {
  auto* string = static_cast<String*>(heap.allocate(ObjectKind::kString, sizeof(String) + bytes.size() + 1));
  initialise(string, bytes.size());
  std::memcpy(reinterpret_cast<char*>(string + 1), bytes.data(), bytes.size());
  return string;
}

void StringTable::purge(const Marker& marker) {
  std::uint32_t kept = 0;
  for (std::uint32_t index = 0; index <= mask_; ++index) {
    std::atomic<String*>* link = &chains_[index];
    for (String* string = link->load(std::memory_order_relaxed); string;) {
      String* next = string->next_.load(std::memory_order_relaxed);
      if (marker.is_marked(string)) {
        link->store(string, std::memory_order_relaxed);
        link = &string->next_;
        ++kept;
      }
      string = next;
    }
    link->store(nullptr, std::memory_order_relaxed);
  }
  count_.store(kept, std::memory_order_relaxed);
}

void StringTable::fit_chains() {
  const std::uint32_t count = count_.load(std::memory_order_relaxed);
  if (count <= mask_ + 1 && count >= (mask_ + 1) / 8) return;
  std::uint32_t chains = kFirstChains;
  while (chains < count * 2) chains *= 2;
  if (chains == mask_ + 1) return;
  auto fitting = make_chains(chains);
  for (std::uint32_t index = 0; index <= mask_; ++index) {
    for (String* string = chains_[index].load(std::memory_order_relaxed); string;) {
      String* next = string->next_.load(std::memory_order_relaxed);
      std::atomic<String*>& chain = fitting[string->word & (chains - 1)];
      string->next_.store(chain.load(std::memory_order_relaxed), std::memory_order_relaxed);
      chain.store(string, std::memory_order_relaxed);
      string = next;
    }
  }
  chains_ = std::move(fitting);
  mask_ = chains - 1;
}

}  // namespace gilvm

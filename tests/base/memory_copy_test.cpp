#include "vm/base/memory_copy.h"

#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <optional>

namespace gilvm {
namespace {

constexpr std::size_t kPage = MemoryCopy::kPage;

// Some pages, each filled with its number.
struct Fixture {
  static constexpr std::size_t kPages = 5;
  Fixture() {
    void* memory = mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    bytes = static_cast<std::byte*>(memory);
    for (std::size_t page = 0; page < kPages; ++page) {
      std::memset(bytes + page * kPage, static_cast<int>(page), kPage);
    }
    // Not the one in the middle.
    copy.emplace(std::vector<std::span<std::byte>>{{bytes, 2 * kPage}, {bytes + 3 * kPage, 2 * kPage}});
  }
  ~Fixture() {
    copy.reset();
    munmap(bytes, kPages * kPage);
  }
  int at(std::size_t offset) const { return static_cast<int>(bytes[offset]); }
  void set(std::size_t offset, int value) { bytes[offset] = static_cast<std::byte>(value); }

  std::byte* bytes;
  std::optional<MemoryCopy> copy;
};

TEST_CASE("only pages that somebody has written are brought back", "[memory_copy]") {
  Fixture fixture;
  CHECK(fixture.copy->written_bytes() == 0);
  fixture.set(3 * kPage + 7, 70);
  fixture.set(3 * kPage + 8, 80);
  fixture.set(2 * kPage, 20);
  CHECK(fixture.copy->written_bytes() == kPage);
  fixture.set(kPage - 1, 90);
  CHECK(fixture.copy->written_bytes() == 2 * kPage);
  fixture.copy->write_back();
  CHECK(fixture.at(3 * kPage + 7) == 3);
  CHECK(fixture.at(3 * kPage + 8) == 3);
  CHECK(fixture.at(kPage - 1) == 0);
  CHECK(fixture.at(2 * kPage) == 20);  // not a page of the copy
}

TEST_CASE("a page that was written once is brought back each time", "[memory_copy]") {
  Fixture fixture;
  for (int turn = 0; turn < 3; ++turn) {
    fixture.set(kPage, 50 + turn);
    CHECK(fixture.copy->written_bytes() == kPage);
    fixture.copy->write_back();
    CHECK(fixture.at(kPage) == 1);
  }
}

TEST_CASE("memory is as it was later, also where it was first written after that", "[memory_copy]") {
  Fixture fixture;
  fixture.set(0, 60);
  CopiedBytes later;
  REQUIRE(fixture.copy->copy_written(&later) == kPage);
  for (int turn = 0; turn < 2; ++turn) {
    fixture.set(0, 61);
    fixture.set(4 * kPage, 64);
    fixture.copy->write_back({later.data(), later.size()});
    CHECK(fixture.at(0) == 60);
    CHECK(fixture.at(4 * kPage) == 4);
  }
  fixture.copy->write_back();
  CHECK(fixture.at(0) == 0);
}

TEST_CASE("what the system changes past the protection is brought back, too", "[memory_copy]") {
  Fixture fixture;
  MemoryCopy::will_change(fixture.bytes, 2 * kPage);
  madvise(fixture.bytes, 2 * kPage, MADV_DONTNEED);
  CHECK(fixture.at(kPage) == 0);
  fixture.copy->write_back();
  CHECK(fixture.at(kPage) == 1);
}

}  // namespace
}  // namespace gilvm

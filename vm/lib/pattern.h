// Lua's patterns (Lua manual §6.4.1): one subject, one pattern, and what the last match captured.
//
// A match tries the items of the pattern one after the other and goes back where it must, as lstrlib.c does,
// so that the same subjects match, with the same captures, and the same patterns are too complex.
//
// A pattern that goes back much may take years, so an interruption of the thread ends a match.
//
// Threads: the caller's. No safepoint. The subject and the pattern must outlive the matcher.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vm/runtime/vm_thread.h"

namespace gilvm {

class PatternMatcher {
 public:
  static constexpr unsigned kMostCaptures = 32;  // LUA_MAXCAPTURES

  // REQUIRES: a NUL follows the pattern.
  PatternMatcher(const VmThread& thread, std::string_view subject, std::string_view pattern)
      : thread_(thread),
        begin_(subject.data()),
        end_(subject.data() + subject.size()),
        pattern_end_(pattern.data() + pattern.size()),
        pattern_(pattern.data()) {}

  // The end of a match that begins at `start`. Null: none, or the pattern is wrong (error()), or the
  // thread is interrupted, which is an error() too.
  const char* match_at(const char* start) {
    level_ = 0;
    depth_ = kDeepest;
    return match(start, pattern_);
  }
  // The first match at `start` or behind it; *start becomes its beginning. Null as above.
  const char* search(const char** start);

  // Empty, or what is wrong with the pattern.
  const std::string& error() const { return error_; }
  bool failed() const { return failed_; }

  // A capture of the last match: its bytes, or a position (from 1).
  struct Capture {
    const char* start;
    std::ptrdiff_t length;
    bool is_position() const { return length == kPosition; }
    std::string_view view() const { return {start, static_cast<std::size_t>(length)}; }
  };
  unsigned level() const { return level_; }
  // As many values as a match without captures gives: the whole of it counts as one.
  unsigned value_count() const { return level_ == 0 ? 1 : level_; }
  // Capture `index` from 0; the first is the whole match where the pattern has none. False: error().
  bool capture(unsigned index, const char* start, const char* end, Capture* result);
  std::ptrdiff_t position_of(const Capture& capture) const { return capture.start - begin_ + 1; }

 private:
  static constexpr int kDeepest = 200;  // MAXCCALLS
  static constexpr std::ptrdiff_t kUnfinished = -1, kPosition = -2;

  const char* first_character() const;
  const char* fail(std::string message) {
    if (!failed_) error_ = std::move(message);
    failed_ = true;
    return nullptr;
  }
  const char* match(const char* subject, const char* item);
  const char* end_of_single(const char* item);
  bool single_matches(const char* subject, const char* item, const char* item_end) const;
  const char* match_most(const char* subject, const char* item, const char* item_end);
  const char* match_least(const char* subject, const char* item, const char* item_end);
  const char* match_balance(const char* subject, const char* item);
  const char* match_frontier(const char* subject, const char* item, const char* item_end) const;
  const char* match_again(const char* subject, char digit);
  const char* open_capture(const char* subject, const char* item, std::ptrdiff_t length);
  const char* close_capture(const char* subject, const char* item);

  const VmThread& thread_;
  const char* const begin_;
  const char* const end_;
  const char* const pattern_end_;
  const char* const pattern_;
  int depth_ = kDeepest;
  unsigned level_ = 0;
  Capture captures_[kMostCaptures];  // those below level_ are set
  bool failed_ = false;
  std::string error_;
};

}  // namespace gilvm

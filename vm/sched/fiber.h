// A stack of its own to run functions on, one after the other, and the switch from one to another
// (Boost.Context).
//
// A stack is never unwound: a function that has ended leaves by a switch as well, and the next one begins
// where it stood. So a Fiber may go away whenever no function on it is unfinished.
//
// Threads: all Fibers that switch to each other live on one OS thread.
// Invariants:
//  (1) Exactly one of them runs. The others hold the place where they left off.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <functional>
#include <span>

namespace gilvm {

class Fiber {
 public:
  // The calling thread's own stack, which runs.
  Fiber();
  // Room for a stack of that many bytes, of which the system gives what is touched. Nothing runs on it yet.
  // Check has_stack(): the system may have no room.
  explicit Fiber(std::size_t stack_bytes);
  // REQUIRES: it does not run, and what was begun on it has ended.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  bool has_stack() const { return stack_ != nullptr; }
  // The bytes of `stack`, which is this one's or the one that this one runs on, from where it left off to
  // the stack's end: all that it needs there to go on. REQUIRES: it does not run.
  std::span<std::byte> used_part_of(const Fiber& stack) const;

  // `body` will run on this stack when it is switched to the next time. It returns the Fiber to go on with,
  // and lets no exception out. REQUIRES: has_stack(), and nothing that was begun here is unfinished.
  void begin(std::function<Fiber&()> body);

  // Leaves this Fiber, which runs, for `other`; returns when something switches back.
  void switch_to(Fiber& other);

 private:
  static void run_bodies(boost::context::detail::transfer_t arrival);

  char* stack_ = nullptr;  // its lowest byte; below it lies a page that nothing may touch
  std::size_t stack_bytes_ = 0;
  boost::context::detail::fcontext_t context_ = nullptr;  // where it left off
  std::function<Fiber&()> body_;                          // empty: nothing is unfinished

  // What the sanitizers have to know of a stack: the thread sanitizer's fiber, or what the address sanitizer
  // keeps while the stack does not run, and where the stack lies.
  [[maybe_unused]] void* shadow_ = nullptr;
  [[maybe_unused]] const void* bottom_ = nullptr;
  [[maybe_unused]] std::size_t size_ = 0;
};

}  // namespace gilvm

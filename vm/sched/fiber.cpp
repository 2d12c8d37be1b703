#include "vm/sched/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "vm/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

// The thread sanitizer keeps a list of the calls that a fiber is in. A function that changes fibers in its
// middle must not be in it: it would be entered in one list and left in another.
#if defined(__SANITIZE_THREAD__)
#define CHANGES_FIBERS __attribute__((no_sanitize("thread")))
#else
#define CHANGES_FIBERS
#endif

namespace gilvm {
namespace {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

Fiber::Fiber() {
#if defined(__SANITIZE_THREAD__)
  shadow_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(std::size_t stack_bytes) {
  const std::size_t whole = stack_bytes + page_size();
  void* memory = mmap(nullptr, whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  if (mprotect(memory, page_size(), PROT_NONE) != 0) {
    munmap(memory, whole);
    return;
  }
  stack_ = static_cast<char*>(memory) + page_size();
  stack_bytes_ = stack_bytes;
  context_ = make_fcontext(stack_ + stack_bytes, stack_bytes, run_bodies);
#if defined(__SANITIZE_ADDRESS__)
  bottom_ = stack_;
  size_ = stack_bytes;
#endif
#if defined(__SANITIZE_THREAD__)
  shadow_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  GILVM_CHECK(!body_);
  if (stack_ == nullptr) return;
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(shadow_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  // What its functions left marked is not to outlive it: the memory may be given out again.
  __asan_unpoison_memory_region(stack_, stack_bytes_);
#endif
  munmap(stack_ - page_size(), stack_bytes_ + page_size());
}

std::span<std::byte> Fiber::used_part_of(const Fiber& stack) const {
  auto* const begin = static_cast<std::byte*>(context_);
  return {begin, reinterpret_cast<std::byte*>(stack.stack_ + stack.stack_bytes_)};
}

void Fiber::begin(std::function<Fiber&()> body) {
  GILVM_CHECK(has_stack() && !body_);
  body_ = std::move(body);
}

namespace {

struct Passage {
  Fiber* from;
  Fiber* to;
};

}  // namespace

// What happens on arrival stands twice, since a fiber arrives here for the first time and in switch_to()
// later.
CHANGES_FIBERS void Fiber::run_bodies(transfer_t arrival) {
  const Passage passage = *static_cast<Passage*>(arrival.data);
  passage.from->context_ = arrival.fctx;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &passage.from->bottom_, &passage.from->size_);
#endif
  Fiber& self = *passage.to;
  for (;;) {
    Fiber& next = self.body_();
    self.body_ = nullptr;
    self.switch_to(next);
  }
}

CHANGES_FIBERS void Fiber::switch_to(Fiber& other) {
  Passage passage{this, &other};
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&shadow_, other.bottom_, other.size_);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(other.shadow_, 0);
#endif
  const transfer_t arrival = jump_fcontext(other.context_, &passage);
  Fiber& from = *static_cast<Passage*>(arrival.data)->from;
  from.context_ = arrival.fctx;
#if defined(__SANITIZE_ADDRESS__)
  // The thread's own stack becomes known when it is left for the first time.
  __sanitizer_finish_switch_fiber(shadow_, &from.bottom_, &from.size_);
#endif
}

}  // namespace gilvm

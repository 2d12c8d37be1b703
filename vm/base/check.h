// Invariants that stop the program when they are broken, in every build.
//
// A broken invariant is a bug of gilvm, never of a script: GILVM_CHECK prints what did not hold, and
// where, and aborts. GILVM_ASSERT does the same in builds without NDEBUG and costs nothing in others.
#pragma once

namespace gilvm {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace gilvm

#define GILVM_CHECK(condition)                       \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? (void)0                                     \
       : ::gilvm::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define GILVM_ASSERT(condition) ((void)0)
#else
#define GILVM_ASSERT(condition) GILVM_CHECK(condition)
#endif

// The operating system's clocks.
//
// Threads: any. Every function may be called at any time, also in a child process after a fork.
// Invariants:
//  (1) monotonic_now() never goes back; no other clock promises that.
//  (2) A VM thread that waits, or that a script asks for the time, goes through Scheduler::now() and not
//      through here: under the deterministic scheduler time is virtual.
#pragma once

#include <chrono>

namespace gilvm {

using Nanoseconds = std::chrono::nanoseconds;
using Instant = std::chrono::steady_clock::time_point;

// A point on the clock that every deadline and every measured duration uses (CLOCK_MONOTONIC).
inline Instant monotonic_now() noexcept { return std::chrono::steady_clock::now(); }

// Seconds since 1970-01-01 00:00 UTC (CLOCK_REALTIME); an administrator may set it, forwards or back.
double wall_clock_seconds() noexcept;

// Seconds of processor time, user and system, that all threads of this process have used.
double process_cpu_seconds() noexcept;

// Seconds of processor time, user and system, that the calling thread has used.
double thread_cpu_seconds() noexcept;

}  // namespace gilvm

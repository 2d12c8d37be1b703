#include "vm/lib/sqlite_database.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>

namespace gilvm {
namespace {

// How long a thread waits before it looks whether it is interrupted.
constexpr auto kLongestSleep = std::chrono::milliseconds(50);
// Instructions of SQLite's own machine between two such looks.
constexpr int kInstructions = 1000;

}  // namespace

Database::Turn::Turn(Database& database, VmThread& thread) : database_(database) {
  std::unique_lock lock(database.turn_mutex_);
  while (database.user_) {
    if (thread.interrupted()) return;
    database.turn_ended_.wait_for(lock, kLongestSleep);
  }
  database.user_ = &thread;
  database.interrupt_wanted_.store(false, std::memory_order_relaxed);
  taken_ = true;
  lock.unlock();
  database.end_discarded();
}

Database::Turn::~Turn() {
  if (!taken_) return;
  {
    std::lock_guard guard(database_.turn_mutex_);
    database_.user_ = nullptr;
  }
  database_.turn_ended_.notify_one();
}

Database::~Database() {
  if (process_ != getpid() || !handle_) return;
  end_discarded();
  sqlite3_close_v2(handle_);
}

bool Database::must_stop() const {
  return user_->interrupted() || interrupt_wanted_.load(std::memory_order_relaxed);
}

// SQLite's own waits are deaf to interruptions. The delays are those of its sqlite3_busy_timeout().
int Database::while_busy(void* argument, int turn) {
  auto& database = *static_cast<Database*>(argument);
  constexpr std::array<int, 12> kDelays = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
  const Instant now = std::chrono::steady_clock::now();
  if (turn == 0) database.busy_since_ = now;
  const Nanoseconds left = database.patience_ - (now - database.busy_since_);
  if (left <= Nanoseconds(0) || database.must_stop()) return 0;
  const auto delay =
      std::chrono::milliseconds(kDelays[std::min(static_cast<std::size_t>(turn), kDelays.size() - 1)]);
  std::this_thread::sleep_for(std::min<Nanoseconds>({delay, left, kLongestSleep}));
  return 1;
}

int Database::while_working(void* argument) { return static_cast<Database*>(argument)->user_->interrupted(); }

Database::Outcome Database::outcome_of(int code) {
  Outcome outcome{code, {}, false};
  if (outcome.ok()) return outcome;
  const int primary = code & 0xff;
  const bool was_ended = primary == SQLITE_INTERRUPT || primary == SQLITE_BUSY;
  outcome.interrupted = was_ended && user_->interrupted();
  // The wait for a lock ended because of interrupt(), which SQLite itself cannot do.
  if (interrupt_wanted_.exchange(false, std::memory_order_relaxed) && was_ended)
    outcome.code = SQLITE_INTERRUPT;
  outcome.message = outcome.code == SQLITE_INTERRUPT ? "interrupted" : sqlite3_errmsg(handle_);
  return outcome;
}

Database::Outcome Database::open(VmThread& thread, const std::string& path, int flags) {
  const Blocking blocking(thread);
  const Turn turn(*this, thread);
  if (!turn.taken()) return {SQLITE_INTERRUPT, {}, true};
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    const Outcome outcome{code, handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code), false};
    sqlite3_close_v2(handle);
    return outcome;
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_handler(handle, while_busy, this);
  sqlite3_progress_handler(handle, kInstructions, while_working, this);
  std::lock_guard guard(handle_mutex_);
  handle_ = handle;
  return {};
}

Database::Outcome Database::close(VmThread& thread) {
  return use(thread, [this](sqlite3*) {
    sqlite3* handle;
    {
      std::lock_guard guard(handle_mutex_);
      handle = std::exchange(handle_, nullptr);
    }
    while (sqlite3_stmt* statement = sqlite3_next_stmt(handle, nullptr)) sqlite3_finalize(statement);
    sqlite3_close_v2(handle);
    return SQLITE_OK;
  });
}

bool Database::interrupt() {
  std::lock_guard guard(handle_mutex_);
  if (!handle_) return false;
  {
    std::lock_guard turn_guard(turn_mutex_);
    if (user_) interrupt_wanted_.store(true, std::memory_order_relaxed);
  }
  sqlite3_interrupt(handle_);
  return true;
}

void Database::discard(sqlite3_stmt* statement) {
  if (process_ != getpid()) return;
  std::lock_guard guard(discarded_mutex_);
  discarded_.push_back(statement);
}

// REQUIRES: in a Turn.
void Database::end_discarded() {
  std::vector<sqlite3_stmt*> statements;
  {
    std::lock_guard guard(discarded_mutex_);
    statements.swap(discarded_);
  }
  if (!handle_) return;  // close() has ended them
  for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
}

}  // namespace gilvm

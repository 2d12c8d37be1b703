// A connection of SQLite, used by one thread at a time.
//
// Threads: any attached thread; each operation detaches, waits for its turn and works on copies of the
// script's values. Invariants:
//  (1) handle_ and the statements are used only in a Turn. interrupt() alone does without one, and has
//  handle_mutex_ instead,
//      without which handle_ is not changed.
//  (2) A statement's pointer is valid as long as handle_ is not null: close() ends all statements. A
//  statement that nobody needs
//      any more is ended in the next Turn, since a collection cannot wait for one.
//  (3) Another process, after a fork, touches neither: SQLite does not carry a connection across.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "vm/runtime/vm.h"

namespace gilvm {

class Database {
 public:
  struct Outcome {
    int code = SQLITE_OK;  // SQLite's extended code
    std::string message;
    bool interrupted = false;  // the thread was, while it waited or worked
    bool ok() const {
      return !interrupted && (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE);
    }
  };
  static constexpr int kClosed = -1;        // as a code: close() was called
  static constexpr int kOtherProcess = -2;  // the database was opened before a fork

  explicit Database(Nanoseconds patience) : patience_(patience), process_(getpid()) {}
  // REQUIRES: nobody is in a Turn.
  ~Database();
  Database(const Database&) = delete;

  Outcome open(VmThread& thread, const std::string& path, int flags);
  Outcome close(VmThread& thread);
  // Calls operation(sqlite3*), which returns a code, detached and alone. A safepoint.
  template <typename Operation>
  Outcome use(VmThread& thread, Operation operation) {
    if (process_ != getpid()) return {kOtherProcess, {}, false};
    const Blocking blocking(thread);
    const Turn turn(*this, thread);
    if (!turn.taken()) return {SQLITE_INTERRUPT, {}, true};
    if (!handle_) return {kClosed, {}, false};
    return outcome_of(operation(handle_));
  }
  // Ends what runs now, in whichever thread. Any thread, without waiting. False: it is closed.
  bool interrupt();
  // The statement is to be ended. Any thread, without waiting.
  void discard(sqlite3_stmt* statement);

 private:
  // The right to use handle_.
  class Turn {
   public:
    Turn(Database& database, VmThread& thread);  // REQUIRES: detached
    ~Turn();
    Turn(const Turn&) = delete;
    bool taken() const { return taken_; }  // false: the thread was interrupted while it waited

   private:
    Database& database_;
    bool taken_ = false;
  };

  Outcome outcome_of(int code);
  bool must_stop() const;
  void end_discarded();
  static int while_busy(void* database, int turn);
  static int while_working(void* database);

  const Nanoseconds patience_;  // how long to wait for what another connection has locked
  const pid_t process_;
  std::mutex turn_mutex_;  // guards user_; held for moments
  std::condition_variable turn_ended_;
  VmThread* user_ = nullptr;  // who is in a Turn
  std::mutex handle_mutex_;   // held for moments
  sqlite3* handle_ = nullptr;
  std::atomic<bool> interrupt_wanted_{false};
  Instant busy_since_{};
  std::mutex discarded_mutex_;  // guards discarded_; held for moments
  std::vector<sqlite3_stmt*> discarded_;
};

}  // namespace gilvm

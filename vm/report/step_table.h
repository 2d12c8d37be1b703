// The step view of `gilvm replay --steps`: a column a thread, a row each time that one of them touches what
// threads share, and a row where another thread goes on.
//
// No line is wider than the width asked for. Where the columns do not fit beside each other, each row names
// its thread instead. What a cell has no room for ends with "…".
//
// Threads: any; reads the chosen language.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vm/report/compare_table.h"

namespace gilvm {

// A value of a script.
struct ShownValue {
  std::string text;  // as Lua writes it
  nlohmann::json json;
  bool operator==(const ShownValue& other) const { return text == other.text; }
};

// Another thread goes on.
struct StepSwitch {
  enum class Why : std::uint8_t {
    kWaits,     // the one before waits
    kEnded,     // it has ended
    kInterval,  // it has had the GIL for a switch interval, and another thread wants it
    kCount,     // it has run its number of instructions
    kAsked,     // another thread asks for the GIL, at a switch point
    kLetGo,     // it gave the GIL up for a moment, as who might wait does
    kNoLock,    // nothing keeps another thread from running
    kGrowth,  // the same; it is about to give a table the larger parts to which it has copied what was there
    kInside,  // the same; a function of the library is between two accesses to a table
  };
  std::size_t from = 0;  // who ran before
  Why why = Why::kNoLock;
  std::string wait;  // kWaits: "for the Lock that T2 took at a.lua:7"; empty where it is not known
};

struct StepRow {
  enum class Kind : std::uint8_t {
    kRead,
    kWrite,
    kCall,    // of a function of the library
    kWait,    // such a call has begun, and waits
    kReturn,  // a call that another thread's steps have come between returns
    kStart,   // the thread does
    kEnd,
    kFail,  // it ends by an error
    kStop,  // it is made to end, as the whole program is
  };
  std::size_t thread = 0;  // an index of StepTable::threads
  Kind kind = Kind::kRead;
  std::string instruction;  // "GetGlobal"; empty: none of its own
  std::string file;         // as messages name it; empty: not known
  std::int32_t line = 0;
  std::string name;            // "counter", "list[1]", "lock:acquire"
  std::uint64_t variable = 0;  // kRead, kWrite: which it is, in this run
  std::vector<ShownValue> arguments;
  std::vector<ShownValue> values;  // what was read or written, or a call's results
  // Watched variables that have other values after it: their indices, and the values.
  std::vector<std::pair<std::size_t, ShownValue>> watched;
  std::optional<StepSwitch> switched;  // before it
  bool alone = false;                  // no other thread existed
};

struct StepTable {
  std::vector<std::string> threads;  // their names
  std::vector<StepRow> rows;
  std::vector<std::string> watched;                         // names of variables
  std::map<std::string, std::vector<std::string>> sources;  // the lines of files, as far as they are known
  std::string script;                                       // the file that is not named beside its lines
  bool is_cut = false;                                      // there were more rows than are kept
  bool hides_values = false;                                // each value is a "?", for the reader to fill in
  std::uint64_t first = 1;                                  // of all rows, those from here
  std::uint64_t last = UINT64_MAX;                          // to here
};

// Lines that each end in a line feed.
std::string step_table(const StepTable& table, const TableStyle& style = {});
// A line of JSON for each row.
std::string step_lines(const StepTable& table);

}  // namespace gilvm

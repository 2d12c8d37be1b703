// Which locals of a Lua function are captured by closures, and where each of them lives.
//
// This is the analysis under closure conversion (docs/architecture.md, decision 2): a captured local's
// register holds a Cell from the instruction where its scope begins to the one where it ends.
#pragma once

#include <cstdint>
#include <vector>

#include "vm/frontend/lua_chunk.h"

namespace gilvm {

struct CapturedLocal {
  unsigned reg;
  std::int32_t start;  // the first instruction at which the register holds the cell
  std::int32_t end;    // the first at which it does not
  bool contains(std::int32_t position) const { return start <= position && position < end; }
};

class CapturedLocals {
 public:
  explicit CapturedLocals(const LuaFunction& function);

  // Does `reg` hold a cell while the instruction at `position` runs?
  bool holds_cell(unsigned reg, std::int32_t position) const;
  // The locals whose cells must be made on the way from one instruction to another: those whose range
  // contains `target` and not `source`. Ordered by register.
  std::vector<CapturedLocal> entered(std::int32_t source, std::int32_t target) const;
  // The locals whose range begins at `position`.
  std::vector<CapturedLocal> starting_at(std::int32_t position) const;
  bool empty() const { return locals_.empty(); }

 private:
  std::vector<CapturedLocal> locals_;
};

}  // namespace gilvm

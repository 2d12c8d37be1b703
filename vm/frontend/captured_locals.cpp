#include "vm/frontend/captured_locals.h"

#include <algorithm>

namespace gilvm {
namespace {

// The register of each local: the number of earlier ones that are active where it starts. (The compiler
// allocates the registers of active locals from the bottom, and <const>s known at compile time are not in the
// list.)
std::vector<unsigned> registers_of(const std::vector<LuaLocal>& locals) {
  std::vector<unsigned> registers(locals.size());
  for (std::size_t index = 0; index < locals.size(); ++index) {
    const std::int32_t start = locals[index].start;
    registers[index] = static_cast<unsigned>(std::count_if(
        locals.begin(), locals.begin() + static_cast<std::ptrdiff_t>(index),
        [start](const LuaLocal& earlier) { return earlier.start <= start && start < earlier.end; }));
  }
  return registers;
}

}  // namespace

CapturedLocals::CapturedLocals(const LuaFunction& function) {
  const bool captures =
      std::any_of(function.functions.begin(), function.functions.end(), [](const LuaFunction& nested) {
        return std::any_of(nested.upvalues.begin(), nested.upvalues.end(),
                           [](const LuaUpvalue& up) { return up.in_stack; });
      });
  if (!captures) return;
  const std::vector<unsigned> registers = registers_of(function.locals);
  std::vector<bool> captured(function.locals.size());
  std::vector<std::int32_t> starts(function.locals.size());
  for (std::size_t index = 0; index < starts.size(); ++index) starts[index] = function.locals[index].start;

  auto active = [&](unsigned reg, std::int32_t position) -> int {
    for (std::size_t index = 0; index < function.locals.size(); ++index) {
      const LuaLocal& local = function.locals[index];
      if (registers[index] == reg && local.start <= position && position < local.end)
        return static_cast<int>(index);
    }
    return -1;
  };
  for (std::size_t position = 0; position < function.code.size(); ++position) {
    const LuaInstruction instruction = function.code[position];
    if (instruction.op() != LuaOp::CLOSURE || instruction.bx() >= function.functions.size()) continue;
    const auto here = static_cast<std::int32_t>(position);
    for (const LuaUpvalue& upvalue : function.functions[instruction.bx()].upvalues) {
      if (!upvalue.in_stack) continue;
      int local = active(upvalue.index, here);
      if (local < 0) {
        // `local function f` that captures itself: the local is visible only after the CLOSURE that fills it.
        local = active(upvalue.index, here + 1);
        if (local >= 0) starts[static_cast<std::size_t>(local)] = here;
      }
      if (local >= 0) captured[static_cast<std::size_t>(local)] = true;
    }
  }
  for (std::size_t index = 0; index < captured.size(); ++index) {
    if (captured[index]) locals_.push_back({registers[index], starts[index], function.locals[index].end});
  }
  std::sort(locals_.begin(), locals_.end(),
            [](const CapturedLocal& left, const CapturedLocal& right) { return left.reg < right.reg; });
}

bool CapturedLocals::holds_cell(unsigned reg, std::int32_t position) const {
  return std::any_of(locals_.begin(), locals_.end(), [=](const CapturedLocal& local) {
    return local.reg == reg && local.contains(position);
  });
}

std::vector<CapturedLocal> CapturedLocals::entered(std::int32_t source, std::int32_t target) const {
  std::vector<CapturedLocal> result;
  for (const CapturedLocal& local : locals_) {
    if (local.contains(target) && !local.contains(source)) result.push_back(local);
  }
  return result;
}

std::vector<CapturedLocal> CapturedLocals::starting_at(std::int32_t position) const {
  std::vector<CapturedLocal> result;
  for (const CapturedLocal& local : locals_) {
    if (local.start == position) result.push_back(local);
  }
  return result;
}

}  // namespace gilvm

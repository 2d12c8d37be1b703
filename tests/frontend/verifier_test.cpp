// Code by hand that the translator would never make.
#include "vm/frontend/verifier.h"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <vector>

#include "vm/object/table.h"

namespace gilvm {
namespace {

constexpr unsigned kRegisters = 8;
constexpr std::uint16_t at(unsigned number) { return Instruction::offset(number); }

class HandMade {
 public:
  HandMade() : strings_(heap_, 0), local_(heap_.attach(nullptr)) { define_object_kinds(heap_); }

  Prototype* make(std::initializer_list<Instruction> code) {
    Prototype* prototype = Prototype::make(*local_);
    prototype->frame_size = kRegisters;
    prototype->code_size = static_cast<std::uint32_t>(code.size());
    prototype->code = std::make_unique<CodeWord[]>(code.size());
    std::size_t index = 0;
    for (const Instruction instruction : code) prototype->code[index++].store(instruction);
    Register constant;
    constant.set(Value::number(2.5));
    prototype->constants.push_back(constant);
    constant.set(Value::string(strings_.make(*local_, "name")));
    prototype->constants.push_back(constant);
    constant.set(Value::string(strings_.make(*local_, std::string(100, 'x'))));
    prototype->constants.push_back(constant);
    prototype->upvalues.push_back({"_ENV", true, 0});
    return prototype;
  }
  std::string verdict(std::initializer_list<Instruction> code) { return verify(*make(code)); }

 private:
  Heap heap_;
  StringTable strings_;
  LocalHeap* local_;
};

Instruction jump(Opcode op, std::int32_t distance, unsigned a = 0) {
  return Instruction::with_wide(op, at(a), distance);
}
const Instruction kLoad(Opcode::kLoadTrue, at(0), 0, 0);
const Instruction kReturn(Opcode::kReturnNone, 0, 0, 0);
bool mentions(const std::string& verdict, const char* words) {
  return verdict.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("sound code is accepted", "[verifier]") {
  HandMade code;
  CHECK(code.verdict({kReturn}).empty());
  CHECK(code.verdict({kLoad, Instruction(Opcode::kReturnOne, at(0), 0, 0)}).empty());
  CHECK(code.verdict(
                {Instruction(Opcode::kGetGlobal, at(0), 0, at(1)), Instruction(Opcode::kReturn, at(0), 2, 0)})
            .empty());
  CHECK(code.verdict({jump(Opcode::kJumpBack, -1)}).empty());
}

TEST_CASE("a register out of range is refused in every field that names one", "[verifier]") {
  HandMade code;
  for (unsigned op = 0; op < kOpcodeCount; ++op) {
    const OpcodeInfo& info = info_of(static_cast<Opcode>(op));
    const auto names_register = [](OperandKind kind) {
      return kind >= OperandKind::Read && kind <= OperandKind::ForState;
    };
    INFO(info.name);
    const Instruction good(static_cast<Opcode>(op), 0, 0, 0);
    if (names_register(info.a)) {
      CHECK_FALSE(
          code.verdict({Instruction(good.op(), at(kRegisters), good.b(), good.c()), kReturn}).empty());
      CHECK_FALSE(
          code.verdict({Instruction(good.op(), 8, good.b(), good.c()), kReturn}).empty());  // half a register
    }
    if (names_register(info.b)) {
      CHECK_FALSE(
          code.verdict({kLoad, Instruction(good.op(), good.a(), at(kRegisters), good.c()), kReturn}).empty());
    }
    if (names_register(info.c)) {
      CHECK_FALSE(
          code.verdict({kLoad, Instruction(good.op(), good.a(), good.b(), at(kRegisters)), kReturn}).empty());
    }
  }
}

TEST_CASE("a range that ends beyond the last register is refused", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({Instruction(Opcode::kLoadNil, at(0), kRegisters, 0), kReturn}),
                 "no such register"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kCall, at(0), 1, kRegisters + 2), kReturn}),
                 "no such register"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kSelf, at(kRegisters - 1), at(0), at(1)), kReturn}),
                 "no such register"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kToBeClosed, at(0), kRegisters, 0), kReturn}),
                 "no such register"));
  CHECK_FALSE(code.verdict({Instruction(Opcode::kLoadNil, at(0), kRegisters - 1, 0),
                            jump(Opcode::kForPrepare, 0, kRegisters - 3), kReturn})
                  .empty());
}

TEST_CASE("a constant, an upvalue or a function that does not exist is refused", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({jump(Opcode::kLoadConstant, at(3)), kReturn}), "no such constant"));
  CHECK(mentions(code.verdict({jump(Opcode::kLoadConstant, -16), kReturn}), "no such constant"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kAddConstant, at(0), at(0), at(3)), kReturn}),
                 "no such constant"));
  CHECK(mentions(code.verdict({Instruction(Opcode::kLoadUpvalue, at(0), 1, 0), kReturn}), "no such upvalue"));
  CHECK(mentions(code.verdict({jump(Opcode::kClosure, 0), kReturn}), "no such function"));
  CHECK(mentions(code.verdict({jump(Opcode::kClosure, -1), kReturn}), "no such function"));
}

TEST_CASE("a field's name must be a short string", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({Instruction(Opcode::kGetGlobal, at(0), 0, at(0)), kReturn}), "short string"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kGetField, at(0), at(0), at(2)), kReturn}),
                 "short string"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kSetField, at(0), at(2), at(0)), kReturn}),
                 "short string"));
}

TEST_CASE("an event that no metamethod has is refused", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kAdd, at(0), at(0), at(0), 0x7F), kReturn}),
                 "no such event"));
  CHECK(
      code.verdict({kLoad, Instruction(Opcode::kAdd, at(0), at(0), at(0), 6 | kExchanged), kReturn}).empty());
}

TEST_CASE("a jump out of the code is refused", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({jump(Opcode::kJump, 1), kReturn}), "leaves the code"));
  CHECK(mentions(code.verdict({jump(Opcode::kJumpBack, -2), kReturn}), "leaves the code"));
  CHECK(mentions(code.verdict({kLoad, jump(Opcode::kJumpIfTrue, 100), kReturn}), "leaves the code"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kTestSet, at(0), at(0), 0x7FFF), kReturn}),
                 "leaves the code"));
}

TEST_CASE("a jump back that is no switch point is refused", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({jump(Opcode::kJump, -1)}), "switch point"));
  CHECK(mentions(code.verdict({kLoad, jump(Opcode::kJumpIfFalse, -1), kReturn}), "switch point"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kEqualInteger, at(0), 1, 0xFFFF, 1), kReturn}),
                 "switch point"));
}

TEST_CASE("a comparison whose condition says the opposite is refused", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kEqualInteger, at(0), 1, 0, 0), kReturn}),
                 "contradicts"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kNotEqualInteger, at(0), 1, 0, 1), kReturn}),
                 "contradicts"));
  CHECK(code.verdict({kLoad, Instruction(Opcode::kNotEqualInteger, at(0), 1, 0, 0), kReturn}).empty());
}

TEST_CASE("code that can run past its end is refused", "[verifier]") {
  HandMade code;
  CHECK_FALSE(code.verdict({}).empty());
  CHECK(mentions(code.verdict({kLoad}), "leaves the code"));
  CHECK(mentions(code.verdict({kLoad, jump(Opcode::kJumpIfTrue, 1), kReturn, kLoad}), "leaves the code"));
}

TEST_CASE("an instruction that does not exist is refused, even where it is not reached", "[verifier]") {
  HandMade code;
  CHECK_FALSE(code.verdict({kReturn, Instruction(std::uint64_t{0xFF})}).empty());
}

TEST_CASE("a register that may hold no value yet is not read", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({Instruction(Opcode::kReturnOne, at(0), 0, 0)}), "holds no value"));
  // Written on one of two paths only.
  CHECK(
      mentions(code.verdict({kLoad, jump(Opcode::kJumpIfTrue, 1), Instruction(Opcode::kLoadTrue, at(1), 0, 0),
                             Instruction(Opcode::kReturnOne, at(1), 0, 0)}),
               "register 1 holds no value"));
}

TEST_CASE("what a call leaves above its results is not read", "[verifier]") {
  HandMade code;
  CHECK(mentions(
      code.verdict({Instruction(Opcode::kLoadNil, at(0), 2, 0), Instruction(Opcode::kCall, at(0), 1, 2),
                    Instruction(Opcode::kReturnOne, at(1), 0, 0)}),
      "register 1 holds no value"));
}

TEST_CASE("a cell is not taken for a value", "[verifier]") {
  HandMade code;
  const Instruction make(Opcode::kMakeCell, at(0), 0, 0);
  CHECK(
      mentions(code.verdict({kLoad, make, Instruction(Opcode::kReturnOne, at(0), 0, 0)}), "holds no value"));
  CHECK(mentions(code.verdict({kLoad, make, Instruction(Opcode::kMove, at(1), at(0), 0), kReturn}),
                 "holds no value"));
  CHECK(mentions(code.verdict({kLoad, make, Instruction(Opcode::kSetGlobal, at(0), 0, at(1)), kReturn}),
                 "holds no value"));
  CHECK(mentions(code.verdict({kLoad, make, Instruction(Opcode::kReturn, at(0), 2, 0)}), "holds no value"));
  CHECK(mentions(code.verdict({kLoad, make, Instruction(Opcode::kCall, at(0), 1, 1), kReturn}),
                 "holds no value"));
  CHECK(code.verdict({kLoad, make, Instruction(Opcode::kLoadCell, at(1), at(0), 0),
                      Instruction(Opcode::kReturnOne, at(1), 0, 0)})
            .empty());
}

TEST_CASE("a value is not taken for a cell", "[verifier]") {
  HandMade code;
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kLoadCell, at(1), at(0), 0), kReturn}),
                 "holds no cell"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kStoreCell, at(0), at(0), 0), kReturn}),
                 "holds no cell"));
  // A cell on one of two paths only.
  CHECK(mentions(
      code.verdict({kLoad, jump(Opcode::kJumpIfTrue, 1, 0), Instruction(Opcode::kMakeCell, at(0), 0, 0),
                    Instruction(Opcode::kLoadCell, at(1), at(0), 0), kReturn}),
      "holds no cell"));
}

TEST_CASE("a closure captures cells only", "[verifier]") {
  HandMade code;
  const auto enclosing = [&](std::initializer_list<Instruction> instructions, bool in_register,
                             std::uint8_t index) {
    Prototype* prototype = code.make(instructions);
    Prototype* nested = code.make({kReturn});
    nested->upvalues[0] = {"x", in_register, index};
    prototype->prototypes.push_back(nested);
    return verify(*prototype);
  };
  const Instruction closure = jump(Opcode::kClosure, 0, 1);
  CHECK(enclosing({kLoad, Instruction(Opcode::kMakeCell, at(0), 0, 0), closure, kReturn}, true, 0).empty());
  CHECK(mentions(enclosing({kLoad, closure, kReturn}, true, 0), "holds no cell"));
  CHECK(mentions(enclosing({closure, kReturn}, true, 200), "no such register"));
  CHECK(enclosing({closure, kReturn}, false, 0).empty());
  CHECK(mentions(enclosing({closure, kReturn}, false, 1), "upvalue"));
}

TEST_CASE("a constructor's list goes into a table and nothing else", "[verifier]") {
  HandMade code;
  const Instruction list(Opcode::kSetList, at(0), 1, 0), element(Opcode::kLoadTrue, at(1), 0, 0);
  CHECK(mentions(code.verdict({kLoad, element, list, kReturn}), "holds no table"));
  CHECK(code.verdict({Instruction(Opcode::kNewTable, at(0), 0, 1), element, list, kReturn}).empty());
}

TEST_CASE("an open list of values is used by the next instruction, and only where there is one",
          "[verifier]") {
  HandMade code;
  const Instruction open_call(Opcode::kCall, at(0), 1, 0);
  CHECK(mentions(code.verdict({kLoad, open_call, kReturn}), "not used"));
  CHECK(code.verdict({kLoad, open_call, Instruction(Opcode::kReturn, at(0), 0, 0)}).empty());
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kReturn, at(0), 0, 0)}), "no open list"));
  CHECK(mentions(code.verdict({kLoad, Instruction(Opcode::kCall, at(0), 0, 1), kReturn}), "no open list"));
}

TEST_CASE("extra arguments are taken only by a function that has them", "[verifier]") {
  HandMade code;
  Prototype* prototype = code.make({Instruction(Opcode::kVararg, at(0), 0, 2), kReturn});
  CHECK(mentions(verify(*prototype), "extra arguments"));
  prototype->is_vararg = true;
  CHECK(verify(*prototype).empty());
}

TEST_CASE("a frame that cannot be is refused", "[verifier]") {
  HandMade code;
  Prototype* prototype = code.make({jump(Opcode::kJumpBack, -1)});
  prototype->frame_size = 0;
  CHECK_FALSE(verify(*prototype).empty());
  prototype->frame_size = 4;
  prototype->parameters = 5;
  CHECK_FALSE(verify(*prototype).empty());
}

TEST_CASE("a fault in a nested function is found", "[verifier]") {
  HandMade code;
  Prototype* prototype = code.make({kReturn});
  prototype->prototypes.push_back(code.make({kLoad}));
  CHECK_FALSE(verify(*prototype).empty());
}

}  // namespace gilvm

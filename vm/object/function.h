// Functions: prototypes (compiled code), closures (a prototype and its captured cells), native functions.
//
// Threads: all immutable once published, except the hints in a prototype's code (instruction.h) and the
// content of cells and of a native function's slots.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vm/bytecode/instruction.h"
#include "vm/heap/heap.h"
#include "vm/object/string.h"

namespace gilvm {

// A captured local. Shared by the function that declares it and the closures that capture it.
class Cell : public Object {
 public:
  Slot content;
  // REQUIRES: references are not counted (LocalHeap::counts), or the caller enters this one.
  static Cell* make(LocalHeap& heap, Value value) {
    auto* cell = static_cast<Cell*>(heap.allocate_fixed<sizeof(Cell)>(ObjectKind::kCell));
    new (&cell->content) Slot();
    cell->content.store(value);
    return cell;
  }
  static void trace(Marker& marker, Object* object) {
    marker.mark(static_cast<Cell*>(object)->content.load());
  }
  static void each_reference(Object* object, const std::function<void(Value)>& visit) {
    visit(static_cast<Cell*>(object)->content.load());
  }
  // Stores `value`, and enters that where references are counted.
  void assign(LocalHeap& heap, Value value) {
    if (heap.counts) return heap.counts->assign(content, value);
    content.store(value);
  }
  // As make(), likewise.
  static Cell* make_counted(LocalHeap& heap, Value value) {
    if (heap.counts) heap.counts->gain(value);
    return make(heap, value);
  }
};
static_assert(sizeof(Cell) == 16);

// What a closure captures: a cell in a register of the enclosing function, or one that that function
// captured.
struct UpvalueDescription {
  std::string name;  // empty where it is not known
  bool in_register;
  std::uint8_t index;
};

// A local variable and the range of Lua instructions in which it is visible, for messages.
struct LocalDescription {
  std::string name;
  std::int32_t start;
  std::int32_t end;
};

// A compiled function. Made by the front end; runs only after the verifier has accepted it.
class Prototype : public Object {
 public:
  static Prototype* make(LocalHeap& heap);

  std::unique_ptr<CodeWord[]> code;
  std::uint32_t code_size = 0;
  std::uint32_t frame_size = 0;  // registers
  std::uint8_t parameters = 0;
  bool is_vararg = false;
  // As many arguments need no adjustment. No number of arguments is this of a vararg function.
  std::uint32_t exact_arguments = UINT32_MAX;
  std::vector<Register> constants;
  std::vector<Prototype*> prototypes;
  std::vector<UpvalueDescription> upvalues;

  // For messages, tracebacks and the disassembler.
  std::string source;        // as Lua's chunk name: "@file", "=name" or the text
  bool is_stripped = false;  // without lines and names: `lines` are -1, names are empty
  bool is_library = false;   // of a module that is built in: errors point at who called it
  std::int32_t first_line = 0;
  std::int32_t last_line = 0;
  std::vector<std::int32_t> lines;         // of each instruction
  std::vector<std::int32_t> lua_position;  // the instruction in lua_code that each instruction comes from
  std::vector<std::uint32_t> lua_code;
  std::vector<std::int32_t> lua_lines;  // of each instruction in lua_code; empty when stripped
  std::uint32_t lua_constants = 0;      // as many of `constants` are Lua's; the rest is ours
  std::uint8_t lua_registers = 0;
  std::vector<LocalDescription> locals;
  bool locals_are_trusted = false;  // Lua's compiler has just described them: no binary chunk did

  // Bytes that it owns outside of the heap, about.
  std::size_t outside_bytes() const;
  std::int32_t line_at(const CodeWord* pc) const {
    auto index = static_cast<std::size_t>(pc - code.get());
    return index < lines.size() ? lines[index] : -1;
  }

  // How many locals are visible at an instruction in lua_code. They have the lowest registers.
  unsigned locals_at(std::int32_t position) const;

  static void trace(Marker& marker, Object* object);
  static void destroy(Object* object);

 private:
  Prototype() = default;
};

// The source's name as messages show it: luaO_chunkid (Lua manual §4.7, `short_src`).
std::string short_source(const std::string& source);

class Closure : public Object {
 public:
  Prototype* prototype;
  std::uint8_t upvalue_count() const { return flags; }
  Cell** upvalues() { return reinterpret_cast<Cell**>(this + 1); }
  static Closure* make(LocalHeap& heap, Prototype* prototype) {
    const std::size_t count = prototype->upvalues.size();
    auto* closure =
        static_cast<Closure*>(heap.allocate(ObjectKind::kClosure, sizeof(Closure) + count * sizeof(Cell*)));
    closure->prototype = prototype;
    closure->flags = static_cast<std::uint8_t>(count);
    for (std::size_t index = 0; index < count; ++index) closure->upvalues()[index] = nullptr;
    return closure;
  }
  static void trace(Marker& marker, Object* object);
};
static_assert(sizeof(Closure) == 16);

class NativeCall;
// Returns the number of results, which it has handed to the call, or kNativeError with the thread's error
// set.
using NativeCode = int (*)(NativeCall& call);
inline constexpr int kNativeError = -1;
// And what NativeCall::continue_with() returns: this for all results, or less by their wanted number and 1.
inline constexpr int kNativeContinues = -2;

enum class NativeKind : std::uint8_t {
  kOrdinary,
  // What the interpreter does itself when a script calls the function, because it must not recurse for it.
  kProtectedCall,
  kProtectedCallWithHandler,
  kInterruptibleCall,  // the same, and catches what interrupts the thread alone
  kResume,
  kWrapped,  // what coroutine.wrap returns: resumes the coroutine in its slot 0
  kYield,
  // What a generic `for` does itself as long as it is simple, because it is quicker.
  kNext,       // the iterator of pairs
  kNextIndex,  // the iterator of ipairs
};

class NativeFunction : public Object {
 public:
  NativeCode code;
  const char* name;  // lives for ever
  Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
  NativeKind native_kind() const { return static_cast<NativeKind>(flags & 0xF); }
  // The interpreter does what it does itself, and never calls its code.
  bool is_the_interpreters() const {
    return native_kind() != NativeKind::kOrdinary && native_kind() < NativeKind::kNext;
  }
  unsigned slot_count() const { return flags >> 4; }
  // REQUIRES: slots < 16.
  static NativeFunction* make(LocalHeap& heap, const char* name, NativeCode code, unsigned slots = 0,
                              NativeKind kind = NativeKind::kOrdinary);
  static void trace(Marker& marker, Object* object);
};
static_assert(sizeof(NativeFunction) == 24);

// A C++ object that scripts hold, such as a Lock.
class NativeObject {
 public:
  virtual ~NativeObject() = default;
  virtual const char* type_name() const = 0;
  virtual void trace(Marker&) {}
};

class Userdata : public Object {
 public:
  NativeObject* object;
  std::atomic<Table*> metatable;
  static Userdata* make(LocalHeap& heap, std::unique_ptr<NativeObject> object, Table* metatable);
  static void trace(Marker& marker, Object* object);
  static void destroy(Object* object);
};

// Teaches a heap how to trace and destroy every kind of object of this folder.
void define_object_kinds(Heap& heap);

}  // namespace gilvm

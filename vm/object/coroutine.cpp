#include "vm/object/coroutine.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "vm/base/check.h"

namespace gilvm {
namespace {

// A main coroutine's arrays at first. Those of others are small and grow in smaller steps, because there may
// be very many.
constexpr std::size_t kMainRegisters = 64, kMainFrames = 8;
// Enough for what a task of `asyncio` needs that sleeps in a function of its own.
constexpr std::size_t kFirstRegisters = 20, kFirstFrames = 4;
// A stack of this size is not worth giving back; a larger one is when less than a quarter is in use.
constexpr std::size_t kKeptRegisters = 4096;
constexpr std::size_t kKeptFrames = 512;
constexpr std::size_t kMostSlack = 4;
constexpr std::size_t kErrorRoom = 4000;  // registers beyond the limit, for error handlers

}  // namespace

Coroutine::Coroutine(Heap& heap, std::size_t registers, std::size_t frames)
    : heap_(heap), stack_(new Register[registers + kSpare]), frames_(new CallFrame[frames]) {
  stack_end_ = stack_ + registers;
  frame_ = frames_;
  frames_end_ = frames_ + frames;
  // The bottom frame stands for the world outside: it is never left.
  frame_->kind = FrameKind::kNative;
  frame_->base = stack_;
  top = stack_;
}

Coroutine* Coroutine::make(LocalHeap& heap, std::size_t registers, std::size_t frames) {
  Object* memory = heap.allocate(ObjectKind::kCoroutine, sizeof(Coroutine));
  const Object header = *memory;
  auto* coroutine = new (memory) Coroutine(heap.heap(), registers, frames);
  static_cast<Object&>(*coroutine) = header;
  heap.heap().account_outside(coroutine->outside_bytes());
  return coroutine;
}

Coroutine* Coroutine::make_main(LocalHeap& heap) {
  Coroutine* coroutine = make(heap, kMainRegisters, kMainFrames);
  coroutine->is_main_ = true;
  coroutine->set_status(CoroutineStatus::kRunning);
  return coroutine;
}

Coroutine* Coroutine::make(LocalHeap& heap, Value body) {
  Coroutine* coroutine = make(heap, kFirstRegisters, kFirstFrames);
  (coroutine->top++)->set(body);
  return coroutine;
}

std::size_t Coroutine::outside_bytes() const {
  if (!stack_) return 0;
  return (static_cast<std::size_t>(stack_end_ - stack_) + kSpare) * sizeof(Register) +
         static_cast<std::size_t>(frames_end_ - frames_) * sizeof(CallFrame);
}

void Coroutine::release() {
  delete[] stack_;
  delete[] frames_;
  stack_ = stack_end_ = top = nullptr;
  frames_ = frame_ = frames_end_ = nullptr;
  to_be_closed.clear();
  to_be_closed.shrink_to_fit();
  failure = Value::nil();
}

bool Coroutine::move_stack(std::size_t size) {
  auto* moved = new (std::nothrow) Register[size + kSpare];
  if (!moved) return false;
  heap_.account_outside((size + kSpare) * sizeof(Register));
  const auto used = static_cast<std::size_t>(stack_end_ - stack_) + kSpare;
  std::copy(stack_, stack_ + std::min(used, size + kSpare), moved);
  const std::ptrdiff_t distance = moved - stack_;
  for (CallFrame* frame = frames_; frame <= frame_; ++frame) frame->base += distance;
  top += distance;
  delete[] stack_;
  stack_ = moved;
  stack_end_ = moved + size;
  return true;
}

bool Coroutine::move_frames(std::size_t count) {
  auto* moved = new (std::nothrow) CallFrame[count];
  if (!moved) return false;
  heap_.account_outside(count * sizeof(CallFrame));
  std::copy(frames_, std::min(frames_end_, frames_ + count), moved);
  frame_ = moved + (frame_ - frames_);
  delete[] frames_;
  frames_ = moved;
  frames_end_ = moved + count;
  return true;
}

bool Coroutine::grow_stack(const Register* from, std::size_t count, bool in_error) {
  const std::size_t needed = static_cast<std::size_t>(from - stack_) + count;
  if (needed > kLargestStack + (in_error ? kErrorRoom : 0)) return false;
  const auto used = static_cast<std::size_t>(stack_end_ - stack_) + kSpare;
  // The room for errors is made at once: to copy so large a stack for each call would take minutes.
  if (needed > kLargestStack) return move_stack(kLargestStack + kErrorRoom);
  const std::size_t size = used - kSpare;
  const std::size_t grown = size < kMainRegisters ? size + size / 2 : 2 * size;
  return move_stack(std::max(needed, std::min(grown, kLargestStack)));
}

void Coroutine::leave_error_room() {
  if (is_in_error_room() && top <= stack_ + kLargestStack) move_stack(kLargestStack);
}

bool Coroutine::grow_frames() {
  const auto used = static_cast<std::size_t>(frames_end_ - frames_);
  if (used >= kLargestDepth + kMainFrames) return false;
  return move_frames(used < kMainFrames ? used + used / 2 : 2 * used);
}

void Coroutine::shrink() {
  const auto registers = static_cast<std::size_t>(limit_of_use() - stack_);
  const auto size = static_cast<std::size_t>(stack_end_ - stack_);
  if (size > kKeptRegisters && size / kMostSlack > registers) {
    move_stack(std::max(2 * registers, kKeptRegisters));
  }
  const auto frames = static_cast<std::size_t>(frame_ - frames_) + 1;
  const auto room = static_cast<std::size_t>(frames_end_ - frames_);
  if (room > kKeptFrames && room / kMostSlack > frames) move_frames(std::max(2 * frames, kKeptFrames));
}

Register* Coroutine::limit_of_use() const {
  // An instruction that calls has finished with the registers above the called function.
  if (waits_in && waits_for == OnReturn::kCall) return top;
  Register* limit = std::max(frame_->base, top);
  if (frame_->kind == FrameKind::kScript) {
    limit = std::max(limit, frame_->base + frame_->closure->prototype->frame_size);
  }
  return limit;
}

Register* Coroutine::limit_of_need() const {
  Register* limit = limit_of_use();
  if (!is_between_instructions || frame_->kind != FrameKind::kScript) return limit;
  const Prototype& prototype = *frame_->closure->prototype;
  const CodeWord& next = *frame_->pc;
  const unsigned first = Instruction::number(next.a());
  unsigned needed = 0;
  switch (next.op()) {
    // What stands above the arguments is the called function's.
    case Opcode::kCall:
    case Opcode::kTailCall: return next.b() != 0 ? frame_->base + first + next.b() : top;
    case Opcode::kGenericForCall: return frame_->base + first + 4;
    case Opcode::kForLoop: needed = first + 4; break;
    case Opcode::kJumpBack: break;
    // kGenericForLoop: the variables of its next turn are set already.
    default: return limit;
  }
  // Between two turns of a loop only the locals live on: no temporaries, and no open list.
  if (!prototype.locals_are_trusted) return limit;
  const auto index = static_cast<std::size_t>(&next - prototype.code.get());
  return frame_->base + std::max(needed, prototype.locals_at(prototype.lua_position[index]));
}

void Coroutine::trace(Marker& marker, Object* object) {
  auto* coroutine = static_cast<Coroutine*>(object);
  if (coroutine->resumer) marker.mark_object(coroutine->resumer);
  if (coroutine->waits_in) marker.mark_object(coroutine->waits_in);
  marker.mark(coroutine->failure);
  if (!coroutine->stack_) return;
  marker.add_bytes(coroutine->outside_bytes());
  Register* limit = coroutine->limit_of_need();
  Register* end = coroutine->stack_end_ + kSpare;
  GILVM_ASSERT(limit <= end);
  for (Register* reg = coroutine->stack_; reg < limit; ++reg) marker.mark(reg->value);
  for (Register* reg = limit; reg < end; ++reg) reg->value = Value::nil();
  for (CallFrame* frame = coroutine->frames_; frame <= coroutine->frame_; ++frame) {
    if (frame->kind == FrameKind::kScript) {
      marker.mark_object(frame->closure);
      continue;
    }
    if (frame->native) marker.mark_object(frame->native);
    if (frame->kind != FrameKind::kProtected) continue;
    marker.mark(frame->handler);
    marker.mark(frame->error);
  }
  for (const ToBeClosed& variable : coroutine->to_be_closed) marker.mark(variable.value);
  marker.mark(coroutine->hook.function);
}

void Coroutine::destroy(Object* object) {
  auto* coroutine = static_cast<Coroutine*>(object);
  delete[] coroutine->stack_;
  delete[] coroutine->frames_;
  const Object header = *coroutine;
  coroutine->~Coroutine();
  *object = header;
}

}  // namespace gilvm

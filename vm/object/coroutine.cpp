#include "vm/object/coroutine.h"

#include <algorithm>
#include <cstdlib>

#include "vm/base/check.h"

namespace gilvm {
namespace {

constexpr std::size_t kFirstRegisters = 64;
constexpr std::size_t kFirstFrames = 8;
constexpr std::size_t kErrorRoom = 4000;  // registers beyond the limit, for error handlers

}  // namespace

Coroutine* Coroutine::make(LocalHeap& heap) {
  Object* memory = heap.allocate(ObjectKind::kCoroutine, sizeof(Coroutine));
  const Object header = *memory;
  auto* coroutine = new (memory) Coroutine();
  static_cast<Object&>(*coroutine) = header;
  coroutine->stack_ = new Register[kFirstRegisters + kSpare];
  coroutine->stack_end_ = coroutine->stack_ + kFirstRegisters;
  coroutine->frames_ = new CallFrame[kFirstFrames];
  coroutine->frame_ = coroutine->frames_;
  coroutine->frames_end_ = coroutine->frames_ + kFirstFrames;
  // The bottom frame stands for the world outside: it is never left.
  coroutine->frame_->kind = FrameKind::kNative;
  coroutine->frame_->base = coroutine->stack_;
  coroutine->top = coroutine->stack_;
  return coroutine;
}

bool Coroutine::grow_stack(const Register* from, std::size_t count, bool in_error) {
  const std::size_t needed = static_cast<std::size_t>(from - stack_) + count;
  if (needed > kLargestStack + (in_error ? kErrorRoom : 0)) return false;
  const auto used = static_cast<std::size_t>(stack_end_ - stack_) + kSpare;
  std::size_t size = std::max(needed, std::min(2 * used, kLargestStack));
  auto* moved = new Register[size + kSpare];
  std::copy(stack_, stack_ + used, moved);
  const std::ptrdiff_t distance = moved - stack_;
  for (CallFrame* frame = frames_; frame <= frame_; ++frame) frame->base += distance;
  top += distance;
  delete[] stack_;
  stack_ = moved;
  stack_end_ = moved + size;
  return true;
}

bool Coroutine::grow_frames() {
  const auto used = static_cast<std::size_t>(frames_end_ - frames_);
  if (used >= kLargestDepth + kFirstFrames) return false;
  auto* moved = new CallFrame[2 * used];
  std::copy(frames_, frames_end_, moved);
  frame_ = moved + (frame_ - frames_);
  delete[] frames_;
  frames_ = moved;
  frames_end_ = moved + 2 * used;
  return true;
}

Register* Coroutine::limit_of_use() const {
  Register* limit = std::max(frame_->base, top);
  if (frame_->kind == FrameKind::kScript) {
    limit = std::max(limit, frame_->base + frame_->closure->prototype->frame_size);
  }
  return limit;
}

void Coroutine::trace(Marker& marker, Object* object) {
  auto* coroutine = static_cast<Coroutine*>(object);
  Register* limit = coroutine->limit_of_use();
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
    marker.mark(frame->handler);
    marker.mark(frame->error);
  }
  for (const ToBeClosed& variable : coroutine->to_be_closed) marker.mark(variable.value);
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

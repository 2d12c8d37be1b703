#include "vm/runtime/activations.h"

#include <algorithm>

#include "vm/runtime/native_call.h"

namespace gilvm {
namespace {

// The call that the VM makes of a finalizer, and the protected call that it makes it through.
bool calls_finalizer(const CallFrame* frame) {
  return frame->kind == FrameKind::kNative && frame->runs_finalizer;
}
bool protects_finalizer(const CallFrame* frame) {
  return frame->kind == FrameKind::kProtected && calls_finalizer(frame - 1);
}

// Does the frame stand for a function, and not for the program around the scripts? REQUIRES: it is not the
// first.
bool is_level(const CallFrame* frame) {
  return frame->kind == FrameKind::kScript || (frame->native && !protects_finalizer(frame));
}

VariableName name_given_by(const CallFrame* caller, const CallFrame* first) {
  // A message handler is called by the instruction that failed.
  while (caller > first && caller->kind == FrameKind::kNative && caller->runs_handler && !caller->native)
    --caller;
  if (caller <= first) return {};
  if (caller->kind == FrameKind::kNative && caller->runs_hook) return {"hook", "?"};
  if (calls_finalizer(caller) || protects_finalizer(caller)) return {"metamethod", "__gc"};
  if (caller->kind != FrameKind::kScript || caller->pc == caller->closure->prototype->code.get()) return {};
  return name_of_called(*caller->closure->prototype, lua_position_of(*caller));
}

}  // namespace

std::int32_t lua_position_of(const CallFrame& frame) {
  const Prototype& prototype = *frame.closure->prototype;
  const auto index = static_cast<std::size_t>(frame.pc - prototype.code.get());
  return prototype.lua_position[index == 0 ? 0 : index - 1];
}

std::int32_t current_line(const CallFrame& frame) { return frame.closure->prototype->line_at(frame.pc - 1); }

bool Activations::next(Activation* activation) {
  if (starts_) {
    starts_ = false;
    activation->frame = nullptr;
    activation->function = Value::native(running_ ? running_->function() : coroutine_->waits_in);
    return true;
  }
  const CallFrame* first = coroutine_->first_frame();
  while (frame_ > first && !is_level(frame_)) --frame_;
  if (frame_ == first) return false;
  activation->frame = frame_;
  activation->function =
      frame_->kind == FrameKind::kScript ? Value::closure(frame_->closure) : Value::native(frame_->native);
  --frame_;
  return true;
}

bool Activations::at(std::int64_t level, Activation* activation) {
  if (level < 0) return false;
  do {
    if (!next(activation)) return false;
  } while (level-- > 0);
  return true;
}

VariableName Activations::name_of(const Activation& activation) const {
  if (!activation.frame) return name_given_by(coroutine_->frame(), coroutine_->first_frame());
  if (activation.frame->is_tail_call) return {};
  return name_given_by(activation.frame - 1, coroutine_->first_frame());
}

std::uint32_t Activations::first_of_native() const {
  return running_ ? running_->first() : coroutine_->waits_at + 1;
}

std::uint32_t Activations::begin_of(const Activation& activation) const {
  if (!activation.frame) return first_of_native();
  switch (activation.frame->kind) {
    case FrameKind::kScript: return coroutine_->index_of(activation.frame->base);
    case FrameKind::kProtected:
    case FrameKind::kContinued: return coroutine_->index_of(activation.frame->base) + 1;
    case FrameKind::kNative: break;
  }
  return activation.frame->shift;
}

std::uint32_t Activations::end_of(const Activation& activation) const {
  // What waits has handed its values on.
  if (!activation.frame) return first_of_native() + (running_ ? running_->count() : 0);
  const CallFrame& frame = *activation.frame;
  if (frame.kind == FrameKind::kNative) return coroutine_->index_of(frame.base);
  // What it called begins above its own values.
  std::uint32_t end;
  if (&frame == coroutine_->frame()) {
    const bool is_below_native = running_ || coroutine_->waits_in;
    end = is_below_native ? first_of_native() - 1 : coroutine_->index_of(coroutine_->top);
    if (!is_below_native && frame.kind == FrameKind::kScript)
      end = std::max(end, begin_of(activation) + frame.closure->prototype->frame_size);
  } else {
    const CallFrame& above = *(&frame + 1);
    switch (above.kind) {
      case FrameKind::kScript: end = coroutine_->index_of(above.base) - above.shift - 1; break;
      case FrameKind::kProtected:
      case FrameKind::kContinued: end = coroutine_->index_of(above.base); break;
      default:
        end = above.native ? above.shift - 1 : coroutine_->index_of(above.base);
        // Under a hook the temporaries of our own do not count, unless an open list stands above.
        if (!above.native && frame.kind == FrameKind::kScript) {
          const Prototype& prototype = *frame.closure->prototype;
          if (end == begin_of(activation) + prototype.frame_size)
            end = begin_of(activation) + prototype.lua_registers + 1;  // Lua's hook stands one higher
        }
        break;
    }
  }
  return std::max(end, begin_of(activation));
}

}  // namespace gilvm

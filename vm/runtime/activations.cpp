#include "vm/runtime/activations.h"

#include <algorithm>

#include "vm/runtime/native_call.h"

namespace gilvm {
namespace {

// Does the frame stand for a function, and not for the program around the scripts?
bool is_level(const CallFrame& frame) { return frame.kind == FrameKind::kScript || frame.native != nullptr; }

VariableName name_given_by(const CallFrame* caller, const CallFrame* first) {
  // A message handler is called by the instruction that failed.
  while (caller > first && caller->kind == FrameKind::kNative && caller->runs_handler && !caller->native)
    --caller;
  if (caller <= first) return {};
  if (caller->kind == FrameKind::kNative && caller->runs_hook) return {"hook", "?"};
  if (caller->kind == FrameKind::kNative && caller->runs_finalizer) return {"metamethod", "__gc"};
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
    activation->function = Value::native(running_->function());
    return true;
  }
  const CallFrame* first = coroutine_->first_frame();
  while (frame_ > first && !is_level(*frame_)) --frame_;
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

std::uint32_t Activations::begin_of(const Activation& activation) const {
  if (!activation.frame) return running_->first();
  switch (activation.frame->kind) {
    case FrameKind::kScript: return coroutine_->index_of(activation.frame->base);
    case FrameKind::kProtected:
    case FrameKind::kContinued: return coroutine_->index_of(activation.frame->base) + 1;
    case FrameKind::kNative: break;
  }
  return activation.frame->shift;
}

std::uint32_t Activations::end_of(const Activation& activation) const {
  if (!activation.frame) return running_->first() + running_->count();
  const CallFrame& frame = *activation.frame;
  if (frame.kind == FrameKind::kNative) return coroutine_->index_of(frame.base);
  // What it called begins above its own values.
  std::uint32_t end;
  if (&frame == coroutine_->frame()) {
    end = running_ ? running_->first() - 1 : coroutine_->index_of(coroutine_->top);
    if (!running_ && frame.kind == FrameKind::kScript)
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

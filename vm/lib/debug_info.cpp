// debug.getinfo: what is known of a function, or of a level of the stack.
#include "vm/lib/debug.h"
#include "vm/runtime/activations.h"

namespace gilvm {
namespace {

// Fills the fields of the result, letter by letter.
class Information {
 public:
  Information(VmThread& thread, Value function) : thread_(thread), function_(function) {
    table_ = Table::make(thread.heap(), 0, 16);
  }

  void set_level(const Activations* activations, const Activation* activation, const Hook* hook) {
    activations_ = activations;
    activation_ = activation;
    hook_ = hook;
  }

  // False: `option` is no option.
  bool add(char option) {
    switch (option) {
      case 'S': add_source(); return true;
      case 'l': set("currentline", Value::inline_integer(line())); return true;
      case 'u': add_upvalues(); return true;
      case 'n': add_name(); return true;
      case 'r': add_transfer(); return true;
      case 't':
        set("istailcall",
            Value::boolean(activation_ && activation_->frame && activation_->frame->is_tail_call));
        return true;
      case 'L': add_active_lines(); return true;
      case 'f': set("func", function_); return true;
      default: return false;
    }
  }

  Value result() const { return Value::table(table_); }

 private:
  void set(const char* name, Value value) { set_field(thread_, table_, name, value); }
  void set(const char* name, std::string_view text) { set(name, Value::string(thread_.string(text))); }
  const Prototype* prototype() const {
    return function_.is_closure() ? function_.as_closure()->prototype : nullptr;
  }

  std::int32_t line() const {
    return activation_ && activation_->is_script() ? current_line(*activation_->frame) : -1;
  }

  void add_source() {
    const Prototype* script = prototype();
    set("source", script ? script->source : std::string("=[C]"));
    set("short_src", script ? short_source(script->source) : std::string("[C]"));
    set("linedefined", Value::inline_integer(script ? script->first_line : -1));
    set("lastlinedefined", Value::inline_integer(script ? script->last_line : -1));
    set("what", !script ? "C" : script->first_line == 0 ? "main" : "Lua");
  }

  void add_upvalues() {
    const Prototype* script = prototype();
    const auto upvalues =
        script ? static_cast<unsigned>(script->upvalues.size()) : function_.as_native()->slot_count();
    set("nups", Value::inline_integer(upvalues));
    set("nparams", Value::inline_integer(script ? script->parameters : 0));
    set("isvararg", Value::boolean(!script || script->is_vararg));
  }

  void add_name() {
    const VariableName name = activation_ ? activations_->name_of(*activation_) : VariableName();
    if (name.known()) set("name", name.name);
    set("namewhat", name.kind);
  }

  void add_transfer() {
    // The values belong to the function that the hook is told about: the one right below the hook's frame.
    const bool is_told = activation_ && activation_->frame && hook_->runs && hook_->transferred > 0 &&
                         (activation_->frame + 1)->kind == FrameKind::kNative &&
                         (activation_->frame + 1)->runs_hook;
    set("ftransfer", Value::inline_integer(is_told ? hook_->first_transferred : 0));
    set("ntransfer", Value::inline_integer(is_told ? hook_->transferred : 0));
  }

  void add_active_lines() {
    const Prototype* script = prototype();
    if (!script) return;
    Table* lines = Table::make(thread_.heap());
    // The first instruction of a vararg function only prepares the arguments.
    for (std::size_t index = script->is_vararg ? 1 : 0; index < script->lua_lines.size(); ++index) {
      lines->set_integer(thread_.heap(), script->lua_lines[index], Value::boolean(true));
    }
    set("activelines", Value::table(lines));
  }

  VmThread& thread_;
  Value function_;
  Table* table_;
  const Activations* activations_ = nullptr;
  const Activation* activation_ = nullptr;  // null: asked of a function
  const Hook* hook_ = nullptr;
};

}  // namespace

int debug_get_info(NativeCall& call) {
  const DebuggedCoroutine debugged(call);
  const unsigned subject = debugged.shift, options_argument = subject + 1;
  std::string_view options = "flnSrtu";
  if (!call.is_none_or_nil(options_argument)) {
    String* text;
    if (!call.text(options_argument, &text)) return kNativeError;
    options = text->view();
  }
  if (options.starts_with('>')) return call.argument_error(options_argument, "invalid option '>'");
  Value function = call[subject];
  const bool is_level = !function.is_function();
  std::int64_t level = 0;
  if (is_level && !call.integer(subject, &level)) return kNativeError;
  const StandingStill still(debugged);
  Activation activation;
  Activations activations(debugged.coroutine, debugged.running());
  if (is_level) {
    if (!activations.at(static_cast<std::int32_t>(level), &activation)) return call.one(Value::nil());
    function = activation.function;
  }
  Information information(call.thread(), function);
  if (is_level) information.set_level(&activations, &activation, &debugged.coroutine->hook);
  for (char option : options) {
    if (!information.add(option)) return call.argument_error(options_argument, "invalid option");
  }
  return call.one(information.result());
}

}  // namespace gilvm

#include "vm/main/wait_text.h"

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"
#include "vm/runtime/wait_reason.h"

namespace gilvm {

std::string wait_text(const VmThread& thread) {
  if (!thread.waits_for) return {};
  const WaitDescription wait = thread.waits_for->describe();
  if (wait.kind == WaitDescription::Kind::kThread) return filled(translate("for the end of {0}"), wait.what);
  if (wait.holder == thread.number())
    return filled(translate("for the {0} that it took itself at {1}"), wait.what, wait.taken_at);
  std::string holder;
  const_cast<VmThread&>(thread).vm().each_thread([&](VmThread& each) {
    if (each.number() == wait.holder) holder = each.name();
  });
  if (holder.empty())
    return filled(translate("for the {0} that a thread, which has ended, took at {1}"), wait.what,
                  wait.taken_at);
  return filled(translate("for the {0} that {1} took at {2}"), wait.what, holder, wait.taken_at);
}

}  // namespace gilvm

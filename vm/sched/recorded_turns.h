// A run on OS threads under the GIL as --record has kept it, and the strategy that runs it again.
//
// As text: "1x1200w-2x300-1x7": thread 1 for 1,200 instructions, inside of the last of which it waited;
// thread 2 for 300, the last of which it has not begun; thread 1 for 7 more. Threads count from 1, the main
// thread, in the order in which they were started. The last turn goes on to the end, and is not there.
//
// Threads: as FiberScheduler.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vm/runtime/turn_log.h"
#include "vm/sched/strategy.h"

namespace gilvm {

std::string text_of(const std::vector<LoggedTurn>& turns);
// Nothing, where the text is none.
std::optional<std::vector<LoggedTurn>> turns_from(std::string_view text);

// As the turns say; time passes until the thread whose turn it is can run, if it waits for a time. Where it
// cannot run all the same, or runs on past the end of its turn, `divergence` is called, before that question
// is answered; from there on, and after the last turn, `afterwards` answers.
std::unique_ptr<Strategy> replay_turns(std::vector<LoggedTurn> turns, std::unique_ptr<Strategy> afterwards,
                                       std::function<void()> divergence);

}  // namespace gilvm

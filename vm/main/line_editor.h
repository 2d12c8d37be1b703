// The line reader with libedit: editing, history, completion.
#pragma once

#include "vm/main/line_reader.h"

namespace gilvm {

// Null where libedit cannot work with the terminal. One at a time: it takes the signals that tell of the
// terminal.
std::unique_ptr<LineReader> make_line_editor(std::FILE* output, WakeUp& wake_up, Completer completer);

}  // namespace gilvm

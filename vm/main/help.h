// What --help prints.
#pragma once

#include <string>

#include "vm/main/options.h"

namespace gilvm {

std::string program_help();
std::string command_help(Command command);

}  // namespace gilvm

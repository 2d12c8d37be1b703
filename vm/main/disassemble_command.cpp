// gilvm dis: the bytecode beside the source.
#include <cstdio>

#include "vm/frontend/listing.h"
#include "vm/main/commands.h"
#include "vm/main/script_host.h"

namespace gilvm {

int disassemble_command(const Options& options, Supervisor& supervisor) {
  Script script;
  std::string error;
  if (!read_script(options.scripts[0], &script, &error)) {
    complain(error);
    return kExitUsage;
  }
  ScriptHost host({options.lock}, {}, supervisor, options.arguments);
  Closure* main = host.load(script, &error);
  if (!main) {
    complain(error);
    return kExitScriptError;
  }
  std::fputs(listing(*main->prototype, script.source).c_str(), stdout);
  return 0;
}

}  // namespace gilvm

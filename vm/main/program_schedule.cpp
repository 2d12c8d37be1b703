#include "vm/main/program_schedule.h"

#include "vm/main/options.h"

namespace gilvm {

std::uint32_t fingerprint_of(const std::vector<Script>& scripts, const std::vector<std::string>& arguments) {
  std::uint32_t fingerprint = 2166136261;  // FNV-1a
  const auto add = [&](const std::string& text) {
    for (const char letter : text)
      fingerprint = (fingerprint ^ static_cast<unsigned char>(letter)) * 16777619;
    fingerprint = (fingerprint ^ 0x100) * 16777619;  // no letter: the text is over
  };
  for (const Script& script : scripts) add(script.source);
  for (const std::string& argument : arguments) add(argument);
  return fingerprint;
}

RecordedSchedule complete_schedule(const ScriptHost& host, const LockSettings& lock, std::uint32_t program,
                                   unsigned workers) {
  RecordedSchedule schedule = host.recorded_steps();
  schedule.version = version();
  schedule.program = program;
  schedule.lock = lock;
  schedule.workers = workers;
  return schedule;
}

}  // namespace gilvm

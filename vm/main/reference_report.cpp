#include "vm/main/reference_report.h"

#include <cstdio>

#include "vm/main/commands.h"
#include "vm/runtime/reference_balance.h"

namespace gilvm {
namespace {

const char* type_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kTable: return "table";
    case ObjectKind::kCoroutine: return "thread";
    case ObjectKind::kUserdata: return "userdata";
    default: return "function";
  }
}

}  // namespace

std::optional<ReferenceReport> references_of(ScriptHost& host, const Options& options,
                                             const Supervisor& supervisor) {
  if (!options.counts_references || supervisor.exit_status()) return std::nullopt;
  const ReferenceBalance balance = balance_references(host.thread());
  ReferenceReport report;
  report.objects = balance.objects;
  for (const auto& [key, sum] : balance.wrong) {
    report.wrong.push_back(
        {key.name, type_of(key.kind), key.is_above, sum.objects, sum.counts, sum.references});
  }
  return report;
}

void show_references(const std::optional<ReferenceReport>& report) {
  if (!report) return;
  std::fflush(stdout);
  std::fputs(reference_table(*report, {terminal_width(), false}).c_str(), stderr);
}

}  // namespace gilvm

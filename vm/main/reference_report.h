// What --refcounts reports at the end of a run.
//
// Threads: the main one, when the host has finished.
#pragma once

#include <optional>

#include "vm/main/options.h"
#include "vm/main/script_host.h"
#include "vm/report/reference_table.h"

namespace gilvm {

// Nothing without --refcounts, or of a run that a signal or the deadline has ended: its threads may still be
// at work.
std::optional<ReferenceReport> references_of(ScriptHost& host, const Options& options,
                                             const Supervisor& supervisor);
// Writes it to standard error, after what the script has printed.
void show_references(const std::optional<ReferenceReport>& report);

}  // namespace gilvm

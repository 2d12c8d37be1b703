// What in the steps of a run made it come to another end than the threads one after the other would have, in
// one sentence.
//
// Where one thread touches a variable twice and another one in between, four of the eight cases are like no
// order in which each thread does both at once: read, write, read; write, write, read; read, write, write;
// write, read, write (Lu, Tucek, Qin, Zhou: AVIO: Detecting Atomicity Violations via Access Interleaving
// Invariants, ASPLOS 2006). Of these the one nearest to the end is told, first of those that begin with a
// read, since what was read is out of date then. What was meant to be undivided is not known: it is what
// happened, and not a proof that it is at fault.
//
// Threads: any; reads the chosen language.
#pragma once

#include <optional>
#include <string>

#include "vm/base/race_finding.h"
#include "vm/report/step_table.h"

namespace gilvm {

// Of a run that came to a result. `lost`: an update that was lost in it, where that is known. Empty: the
// steps do not tell.
std::string reason_of_result(const StepTable& table, const std::optional<RaceFinding>& lost);
// Of a run in which a thread failed: what it had read that another one had written.
std::string reason_of_failure(const StepTable& table);

}  // namespace gilvm

#include "vm/report/step_reason.h"

#include <algorithm>
#include <array>

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::size_t kValueWidth = 20;
constexpr std::size_t kNone = SIZE_MAX;

using Rows = std::vector<StepRow>;
using Kind = StepRow::Kind;
// Indices of three accesses to one variable: a thread's, another one's, the first one's again.
using Triple = std::array<std::size_t, 3>;

bool is_access(const StepRow& row) { return row.kind == Kind::kRead || row.kind == Kind::kWrite; }

std::string place_text(const StepTable& table, const std::string& file, std::int32_t line) {
  if (file == table.script) return filled(translate("line {0}"), line);
  return printable(file) + ":" + std::to_string(line);
}

// "worker 1 read counter = 0 (line 5)"
std::string clause(const StepTable& table, const StepRow& row) {
  std::string what = printable(row.name);
  if (!row.values.empty()) what += " = " + shortened(printable(row.values[0].text), kValueWidth);
  const std::string place = place_text(table, row.file, row.line);
  const std::string thread = printable(table.threads[row.thread]);
  return row.kind == Kind::kRead ? filled(translate("{0} read {1} ({2})"), thread, what, place)
                                 : filled(translate("{0} wrote {1} ({2})"), thread, what, place);
}

std::string clauses(const StepTable& table, const Triple& triple) {
  std::string text;
  for (const std::size_t index : triple) {
    if (index == kNone) continue;
    if (!text.empty()) text += "; ";
    text += clause(table, table.rows[index]);
  }
  return text;
}

std::string lost_update_text(const std::string& accesses) {
  return filled(translate("{0}: an update was lost"), accesses);
}

// The last access to the variable before `index` that `is_wanted`.
template <typename Wanted>
std::size_t last_before(const Rows& rows, std::size_t index, std::uint64_t variable,
                        const Wanted& is_wanted) {
  while (index-- > 0) {
    if (is_access(rows[index]) && rows[index].variable == variable && is_wanted(rows[index])) return index;
  }
  return kNone;
}

// The triple of which rows[last] is the third access; nothing where nobody came in between. Of the others'
// accesses it has the last write, or where there is none the last read.
std::optional<Triple> triple_to(const Rows& rows, std::size_t last) {
  const StepRow& row = rows[last];
  const std::size_t first = last_before(rows, last, row.variable, [&](const StepRow& each) {
    return each.thread == row.thread && !each.alone;
  });
  if (first == kNone) return std::nullopt;
  const auto other_than = [&](Kind kind) {
    const std::size_t found = last_before(rows, last, row.variable, [&](const StepRow& each) {
      return each.thread != row.thread && each.kind == kind;
    });
    return found == kNone || found < first ? kNone : found;
  };
  const std::size_t write = other_than(Kind::kWrite);
  const std::size_t other = write != kNone ? write : other_than(Kind::kRead);
  if (other == kNone) return std::nullopt;
  return Triple{first, other, last};
}

bool is_unserializable(const Rows& rows, const Triple& triple) {
  if (rows[triple[1]].kind == Kind::kWrite) {
    // Where both are writes, the other one's is as if it had come before.
    return rows[triple[0]].kind == Kind::kRead || rows[triple[2]].kind == Kind::kRead;
  }
  return rows[triple[0]].kind == Kind::kWrite && rows[triple[2]].kind == Kind::kWrite;
}

// The rows of a lost update, which has three accesses.
std::optional<Triple> rows_of(const StepTable& table, const RaceFinding& lost) {
  const auto is_of = [&](const StepRow& row, const FoundAccess& access) {
    return table.threads[row.thread] == access.thread && row.line == access.line &&
           (row.kind == Kind::kWrite) == access.writes;
  };
  for (std::size_t last = 0; last < table.rows.size(); ++last) {
    if (!is_access(table.rows[last])) continue;
    const auto triple = triple_to(table.rows, last);
    if (!triple) continue;
    // The other one may have written again since.
    const StepRow& other = table.rows[(*triple)[1]];
    if (is_of(table.rows[(*triple)[0]], lost.accesses[0]) && is_of(table.rows[last], lost.accesses[2]) &&
        other.kind == Kind::kWrite && table.threads[other.thread] == lost.accesses[1].thread) {
      return triple;
    }
  }
  return std::nullopt;
}

std::string text_of_lost(const StepTable& table, const RaceFinding& lost) {
  if (const auto triple = rows_of(table, lost)) return lost_update_text(clauses(table, *triple));
  std::string text;
  for (const FoundAccess& access : lost.accesses) {
    if (!text.empty()) text += "; ";
    const std::string place = place_text(table, access.file, access.line);
    text += access.writes ? filled(translate("{0} wrote {1} ({2})"), access.thread, lost.variable, place)
                          : filled(translate("{0} read {1} ({2})"), access.thread, lost.variable, place);
  }
  return lost_update_text(text);
}

bool is_preemption(const StepRow& row) {
  return row.switched && row.switched->why != StepSwitch::Why::kWaits &&
         row.switched->why != StepSwitch::Why::kEnded;
}

// Where no variable tells: who was stopped where, or who came first.
std::string order_text(const StepTable& table) {
  const Rows& rows = table.rows;
  for (std::size_t index = rows.size(); index-- > 0;) {
    const StepRow& row = rows[index];
    if (!is_preemption(row) || row.line == 0) continue;
    std::size_t stopped = index;
    while (stopped > 0 && (rows[stopped].thread != row.switched->from || rows[stopped].line == 0)) --stopped;
    if (rows[stopped].thread != row.switched->from || rows[stopped].line == 0) continue;
    return filled(translate("{0} was stopped after {1} ({2}), and {3} went on at {4} ({5})"),
                  printable(table.threads[row.switched->from]), printable(rows[stopped].name),
                  place_text(table, rows[stopped].file, rows[stopped].line),
                  printable(table.threads[row.thread]), printable(row.name),
                  place_text(table, row.file, row.line));
  }
  std::string names;
  std::vector<std::size_t> seen;
  for (const StepRow& row : rows) {
    if (row.alone || !is_access(row) || std::find(seen.begin(), seen.end(), row.thread) != seen.end())
      continue;
    seen.push_back(row.thread);
    if (!names.empty()) names += ", ";
    names += printable(table.threads[row.thread]);
  }
  return seen.size() < 2 ? std::string() : filled(translate("they ran in this order: {0}"), names);
}

}  // namespace

std::string reason_of_result(const StepTable& table, const std::optional<RaceFinding>& lost) {
  if (lost) return text_of_lost(table, *lost);
  const Rows& rows = table.rows;
  std::string other;
  for (std::size_t last = rows.size(); last-- > 0;) {
    if (!is_access(rows[last]) || rows[last].alone) continue;
    const auto triple = triple_to(rows, last);
    if (!triple || !is_unserializable(rows, *triple)) continue;
    if (rows[(*triple)[0]].kind == Kind::kRead) return clauses(table, *triple);
    if (other.empty()) other = clauses(table, *triple);
  }
  return other.empty() ? order_text(table) : other;
}

std::string reason_of_failure(const StepTable& table) {
  const Rows& rows = table.rows;
  std::size_t failed = rows.size();
  while (failed-- > 0) {
    if (rows[failed].kind == Kind::kFail) break;
  }
  if (failed == kNone) return {};
  for (std::size_t last = failed; last-- > 0;) {
    const StepRow& row = rows[last];
    if (row.kind != Kind::kRead || row.thread != rows[failed].thread) continue;
    if (const auto triple = triple_to(rows, last); triple && rows[(*triple)[1]].kind == Kind::kWrite) {
      return clauses(table, *triple);
    }
    const std::size_t write =
        last_before(rows, last, row.variable, [](const StepRow& each) { return each.kind == Kind::kWrite; });
    if (write == kNone || rows[write].thread == row.thread || rows[write].alone) continue;
    return clauses(table, {write, last, kNone});
  }
  return order_text(table);
}

}  // namespace gilvm

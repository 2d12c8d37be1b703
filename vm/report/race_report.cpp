#include "vm/report/race_report.h"

#include <algorithm>

#include "vm/base/text.h"
#include "vm/report/json_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

using Kind = RaceFinding::Kind;

const char* kind_word(Kind kind) {
  switch (kind) {
    case Kind::kRace: return "race";
    case Kind::kWrongLock: return "wrong_lock";
    case Kind::kGrowth: return "growth";
    case Kind::kLostUpdate: return "lost_update";
    case Kind::kLockOrder: return "lock_order";
    case Kind::kDeadlock: return "deadlock";
  }
  return "";
}

std::string headline(const RaceFinding& finding) {
  const std::string variable = printable(finding.variable);
  switch (finding.kind) {
    case Kind::kRace:
      return filled(translate("Race on {0}: nothing says which of these comes first."), variable);
    case Kind::kWrongLock:
      return filled(translate("Wrong lock for {0}: each thread holds a lock, but they have none in common."),
                    variable);
    case Kind::kGrowth:
      return filled(translate("Growth of {0}: a new key can make the table grow, and what another thread "
                              "stores in it meanwhile is lost."),
                    variable);
    case Kind::kLostUpdate:
      return filled(
          translate(
              "Lost update of {0}: between a read and the write of what came of it, another thread wrote."),
          variable);
    case Kind::kLockOrder:
      return filled(translate("Lock order: {0}. Each thread holds a lock that another one could wait for, "
                              "and all would wait for ever."),
                    variable);
    case Kind::kDeadlock: return translate("Deadlock: every thread waits, and none can wake another.");
  }
  return "";
}

std::string place_text(const std::string& file, std::int32_t line) {
  return file.empty() ? "?" : printable(file) + ":" + std::to_string(line);
}

// "lock (a.lua:7)"
std::string lock_text(const HeldLock& lock) {
  const std::string name = lock.name.empty() ? "Lock" : printable(lock.name);
  return lock.file.empty() ? name : name + " (" + place_text(lock.file, lock.line) + ")";
}

std::string locks_text(const FoundAccess& access) {
  std::string text;
  for (const HeldLock& lock : access.locks) text += (text.empty() ? "" : ", ") + lock_text(lock);
  return text;
}

// "worker 1 writes it, without a lock:"
std::string access_text(const RaceFinding& finding, const FoundAccess& access) {
  std::string thread = printable(access.thread);
  if (!access.started_at.empty()) {
    thread = filled(translate("{0}, started at {1},"), thread, printable(access.started_at));
  }
  if (finding.kind == Kind::kLockOrder) {
    return filled(translate("{0} takes {1} while it holds {2}:"), thread, lock_text(access.takes),
                  locks_text(access));
  }
  if (finding.kind == Kind::kGrowth) {
    if (access.locks.empty()) {
      return filled(access.adds_key ? translate("{0} adds a key to it, without a lock:")
                                    : translate("{0} stores at another key, without a lock:"),
                    thread);
    }
    return filled(access.adds_key ? translate("{0} adds a key to it, with {1}:")
                                  : translate("{0} stores at another key, with {1}:"),
                  thread, locks_text(access));
  }
  if (access.locks.empty()) {
    return filled(access.writes ? translate("{0} writes it, without a lock:")
                                : translate("{0} reads it, without a lock:"),
                  thread);
  }
  return filled(access.writes ? translate("{0} writes it, with {1}:") : translate("{0} reads it, with {1}:"),
                thread, locks_text(access));
}

std::string schedule_line(const RaceFinding& finding) {
  if (!finding.switches) return filled(translate("schedule: {0}"), finding.schedule);
  return filled(translate("schedule (switches: {0} of {1}): {2}"), finding.switches->left,
                finding.switches->before, finding.schedule);
}

class Paragraphs {
 public:
  explicit Paragraphs(std::size_t width) : width_(width) {}
  void add(const std::string& indent, const std::string& words) {
    for (const std::string& line : wrapped(words, width_ - indent.size())) text_ += indent + line + '\n';
  }
  void add_word(const std::string& word) { text_ += word + '\n'; }
  std::string take() { return std::move(text_); }

 private:
  const std::size_t width_;
  std::string text_;
};

void add_finding(Paragraphs& text, std::size_t number, const RaceFinding& finding) {
  text.add_word("");
  text.add("", std::to_string(number) + ". " + headline(finding));
  const bool waits = finding.kind == Kind::kDeadlock;  // the report says it better
  for (const FoundAccess& access : waits ? std::vector<FoundAccess>() : finding.accesses) {
    text.add("   ", access_text(finding, access));
    for (const std::string& level : access.traceback) text.add("     ", printable(level));
  }
  for (std::size_t from = 0; from < finding.report.size();) {
    const std::size_t end = std::min(finding.report.find('\n', from), finding.report.size());
    text.add("   ", printable(finding.report.substr(from, end - from)));
    from = end + 1;
  }
  text.add_word("   " + schedule_line(finding));
}

nlohmann::ordered_json json_of(const HeldLock& lock) {
  return {{"name", lock.name}, {"file", lock.file}, {"line", lock.line}};
}

nlohmann::ordered_json json_of(const FoundAccess& access, Kind kind) {
  nlohmann::ordered_json locks = nlohmann::ordered_json::array();
  for (const HeldLock& lock : access.locks) locks.push_back(json_of(lock));
  nlohmann::ordered_json object = {{"file", access.file},     {"line", access.line},
                                   {"thread", access.thread}, {"write", access.writes},
                                   {"locks", locks},          {"traceback", access.traceback}};
  if (!access.started_at.empty()) object["started_at"] = access.started_at;
  if (kind == Kind::kLockOrder) object["takes"] = access.takes.name;
  if (kind == Kind::kGrowth) object["adds_key"] = access.adds_key;
  return object;
}

}  // namespace

std::string race_report(const RaceResult& result, const TableStyle& style) {
  Paragraphs text(std::max(style.width, kLeastWidth));
  std::string title = printable(result.name) + " (" + world_label(result.world);
  if (result.workers > 0) title += ", " + filled(translate("workers: {0}"), result.workers);
  text.add("", title + ")");
  for (std::size_t index = 0; index < result.findings.size(); ++index) {
    add_finding(text, index + 1, result.findings[index]);
  }
  text.add_word("");
  text.add("", result.findings.empty()
                   ? filled(translate("Nothing found. Schedules that were run: {0}."), result.runs)
                   : filled(translate("Found: {0}. Schedules that were run: {1}."), result.findings.size(),
                            result.runs));
  return text.take();
}

nlohmann::ordered_json json_of(const std::vector<RaceFinding>& findings) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const RaceFinding& finding : findings) {
    nlohmann::ordered_json accesses = nlohmann::ordered_json::array();
    for (const FoundAccess& access : finding.accesses) accesses.push_back(json_of(access, finding.kind));
    nlohmann::ordered_json object = {{"kind", kind_word(finding.kind)},
                                     {"variable", finding.variable},
                                     {"schedule", finding.schedule},
                                     {"accesses", std::move(accesses)}};
    if (finding.switches) {
      object["switches"] = finding.switches->left;
      object["switches_before"] = finding.switches->before;
    }
    if (!finding.report.empty()) object["report"] = finding.report;
    array.push_back(std::move(object));
  }
  return array;
}

nlohmann::ordered_json json_of(const RaceResult& result) {
  return {{"script", result.script},   {"name", result.name}, {"world", json_of(result.world)},
          {"workers", result.workers}, {"runs", result.runs}, {"findings", json_of(result.findings)}};
}

}  // namespace gilvm

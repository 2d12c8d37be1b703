#include "vm/report/explore_table.h"

#include <algorithm>
#include <array>

#include "vm/base/text.h"
#include "vm/report/json_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::size_t kColumns = 4;
constexpr std::size_t kGap = 2;

using Line = std::array<std::string, kColumns>;

const char* shown_grade(OutcomeGrade grade) {
  switch (grade) {
    case OutcomeGrade::kExpected: return translate("expected");
    case OutcomeGrade::kInconsistent: return translate("inconsistent");
    case OutcomeGrade::kDeadlock: return translate("deadlock");
    case OutcomeGrade::kError: return translate("error");
  }
  return "";
}

const char* grade_word(OutcomeGrade grade) {
  switch (grade) {
    case OutcomeGrade::kExpected: return "expected";
    case OutcomeGrade::kInconsistent: return "inconsistent";
    case OutcomeGrade::kDeadlock: return "deadlock";
    case OutcomeGrade::kError: return "error";
  }
  return "";
}

Line line_of(const ExploredOutcome& outcome, std::uint64_t schedules) {
  const double share = 100.0 * static_cast<double>(outcome.count) / static_cast<double>(schedules);
  const std::string shown =
      outcome.message.empty() ? outcome.result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                              : outcome.message;
  return {printable(shown), shown_grade(outcome.grade), fmt::format("{}", outcome.count),
          decimal(share, share < 10 ? 1 : 0) + "%"};
}

std::string text_of(const Line& line, const std::array<std::size_t, kColumns>& widths) {
  std::string text = pad_after(shortened(line[0], widths[0]), widths[0]);
  text += std::string(kGap, ' ') + pad_after(line[1], widths[1]);
  for (std::size_t column = 2; column < kColumns; ++column) {
    text += std::string(kGap, ' ') + pad_before(line[column], widths[column]);
  }
  return text + '\n';
}

// The sentence for one schedule or for many.
const char* for_count(std::uint64_t count, const char* one, const char* many) {
  return count == 1 ? one : many;
}

std::string stop_sentence(const ExploreResult& result) {
  const std::uint64_t count = result.schedules;
  switch (result.stop) {
    case ExploreResult::Stop::kNone: break;
    case ExploreResult::Stop::kMostSchedules:
      return filled(
          for_count(count,
                    translate("Not all: stopped after {0} schedule; there are others that may have "
                              "other outcomes."),
                    translate("Not all: stopped after {0} schedules; there are others that may have "
                              "other outcomes.")),
          count);
    case ExploreResult::Stop::kTimeout:
      return filled(
          for_count(count,
                    translate("Not all: the time was over after {0} schedule; there are others that "
                              "may have other outcomes."),
                    translate("Not all: the time was over after {0} schedules; there are others "
                              "that may have other outcomes.")),
          count);
    case ExploreResult::Stop::kInterrupted:
      return filled(for_count(count,
                              translate("Not all: interrupted after {0} schedule; there are others that may "
                                        "have other outcomes."),
                              translate("Not all: interrupted after {0} schedules; there are others that may "
                                        "have other outcomes.")),
                    count);
    case ExploreResult::Stop::kProcess:
      return filled(for_count(count,
                              translate("Not all: one of the processes that explore has ended too early "
                                        "({0}); {1} schedule was counted, and there are others that may have "
                                        "other outcomes."),
                              translate("Not all: one of the processes that explore has ended too early "
                                        "({0}); {1} schedules were counted, and there are others that may "
                                        "have other outcomes.")),
                    result.ended, count);
  }
  return "";
}

// Those of one kind, each with at most so many preemptions.
std::string bound_sentence(unsigned preemptions, std::uint64_t schedules) {
  if (schedules == 1) {
    return filled(for_count(preemptions,
                            translate("Covered: the only schedule with at most {0} preemption. There are "
                                      "others with more."),
                            translate("Covered: the only schedule with at most {0} preemptions. There are "
                                      "others with more.")),
                  preemptions);
  }
  return filled(
      for_count(preemptions,
                translate("Covered: all schedules with at most {0} preemption, which are {1}. There "
                          "are others with more."),
                translate("Covered: all schedules with at most {0} preemptions, which are {1}. There "
                          "are others with more.")),
      preemptions, schedules);
}

const char* stop_word(ExploreResult::Stop stop) {
  switch (stop) {
    case ExploreResult::Stop::kNone: return "";
    case ExploreResult::Stop::kMostSchedules: return "max-schedules";
    case ExploreResult::Stop::kTimeout: return "timeout";
    case ExploreResult::Stop::kInterrupted: return "interrupted";
    case ExploreResult::Stop::kProcess: return "process";
  }
  return "";
}

std::vector<std::string> sentences(const ExploreResult& result) {
  std::vector<std::string> said;
  if (result.stop != ExploreResult::Stop::kNone) {
    said.push_back(stop_sentence(result));
  } else if (result.preemptions) {
    said.push_back(bound_sentence(*result.preemptions, result.schedules));
  } else if (result.given_up == 0 && result.schedules == 1) {
    said.push_back(
        translate("Covered: all interleavings. They differ only where the order makes no difference."));
  } else if (result.given_up == 0) {
    said.push_back(
        filled(translate("Covered: all interleavings. {0} schedules stand for them; each other one "
                         "differs from one of these only where the order makes no difference."),
               result.schedules));
  }
  if (result.given_up > 0) {
    said.push_back(filled(for_count(result.given_up,
                                    translate("Not all: {0} schedule was given up because it went on for too "
                                              "long; what follows there is not known."),
                                    translate("Not all: {0} schedules were given up because they went on for "
                                              "too long; what follows there is not known.")),
                          result.given_up));
  }
  if (result.waited_for_time) {
    said.push_back(
        translate("Threads have waited for a time to pass: they went on at one moment of the virtual "
                  "clock, and other moments are not covered."));
  }
  return said;
}

std::string covered_word(const ExploreResult& result) {
  if (!result.is_complete()) return "partial";
  return result.preemptions ? "preemptions<=" + std::to_string(*result.preemptions) : "all";
}

}  // namespace

std::string explore_table(const ExploreResult& result, const TableStyle& style) {
  const std::size_t width = std::max(style.width, kLeastWidth);
  std::string text;
  const std::string title = printable(result.name) + " (" + world_label(result.world) + ", " +
                            filled(translate("workers: {0}"), result.workers) + ")";
  for (const std::string& line : wrapped(title, width)) text += line + '\n';
  std::vector<Line> lines = {
      {translate("outcome"), translate("grade"), translate("schedules"), translate("share")}};
  for (const ExploredOutcome& outcome : result.outcomes) lines.push_back(line_of(outcome, result.schedules));
  std::array<std::size_t, kColumns> widths = {};
  for (const Line& line : lines) {
    for (std::size_t column = 0; column < kColumns; ++column) {
      widths[column] = std::max(widths[column], display_width(line[column]));
    }
  }
  // What was observed gives way to the figures.
  std::size_t others = 0;
  for (std::size_t column = 1; column < kColumns; ++column) others += kGap + widths[column];
  widths[0] = std::min(widths[0], width > others + 8 ? width - others : 8);
  text += '\n' + text_of(lines[0], widths);
  for (std::size_t index = 0; index < result.outcomes.size(); ++index) {
    text += text_of(lines[index + 1], widths);
    const ExploredOutcome& outcome = result.outcomes[index];
    if (!outcome.why.empty()) {
      for (const std::string& line : wrapped(filled(translate("why: {0}"), outcome.why), width - 2)) {
        text += "  " + line + '\n';
      }
    }
    text += "  " + filled(translate("schedule: {0}"), outcome.schedule) + '\n';
  }
  text += '\n';
  for (const std::string& sentence : sentences(result)) {
    for (const std::string& line : wrapped(sentence, width)) text += line + '\n';
  }
  return text;
}

nlohmann::ordered_json json_of(const ExploreResult& result) {
  nlohmann::ordered_json outcomes = nlohmann::ordered_json::array();
  for (const ExploredOutcome& outcome : result.outcomes) {
    nlohmann::ordered_json object = {{"result", nlohmann::ordered_json(outcome.result)},
                                     {"grade", grade_word(outcome.grade)},
                                     {"count", outcome.count},
                                     {"switches", outcome.switches},
                                     {"schedule", outcome.schedule}};
    if (!outcome.message.empty()) object["message"] = outcome.message;
    if (!outcome.why.empty()) object["why"] = outcome.why;
    outcomes.push_back(std::move(object));
  }
  nlohmann::ordered_json object = {{"script", result.script},
                                   {"name", result.name},
                                   {"world", json_of(result.world)},
                                   {"workers", result.workers},
                                   {"covered", covered_word(result)},
                                   {"schedules", result.schedules},
                                   {"given_up", result.given_up},
                                   {"executions", result.executions},
                                   {"waited_for_time", result.waited_for_time},
                                   {"seconds", result.seconds}};
  if (result.stop != ExploreResult::Stop::kNone) object["stopped"] = stop_word(result.stop);
  object["outcomes"] = std::move(outcomes);
  return object;
}

}  // namespace gilvm

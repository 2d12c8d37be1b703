#include "vm/main/explore_tally.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gilvm {

ExploredOutcome* ExploreTally::find(const ExploredOutcome& outcome) {
  const auto found = std::find_if(outcomes.begin(), outcomes.end(), [&](const ExploredOutcome& each) {
    return each.grade == outcome.grade && each.result == outcome.result && each.message == outcome.message;
  });
  return found == outcomes.end() ? nullptr : &*found;
}

void ExploreTally::add(ExploreTally other) {
  schedules += other.schedules;
  given_up += other.given_up;
  executions += other.executions;
  has_left_out = has_left_out || other.has_left_out;
  has_waited_for_time = has_waited_for_time || other.has_waited_for_time;
  for (ExploredOutcome& outcome : other.outcomes) {
    ExploredOutcome* known = find(outcome);
    if (!known) {
      outcomes.push_back(std::move(outcome));
      continue;
    }
    const std::uint64_t count = known->count + outcome.count;
    const auto rank = [](const ExploredOutcome& each) { return std::tie(each.switches, each.schedule); };
    if (rank(outcome) < rank(*known)) *known = std::move(outcome);
    known->count = count;
  }
}

nlohmann::json ExploreTally::json() const {
  nlohmann::json list = nlohmann::json::array();
  for (const ExploredOutcome& outcome : outcomes) {
    list.push_back({static_cast<unsigned>(outcome.grade), outcome.result, outcome.message, outcome.count,
                    outcome.switches, outcome.schedule, outcome.why});
  }
  return {{"outcomes", std::move(list)},  {"schedules", schedules},
          {"given_up", given_up},         {"executions", executions},
          {"has_left_out", has_left_out}, {"has_waited_for_time", has_waited_for_time}};
}

ExploreTally ExploreTally::from_json(const nlohmann::json& json) {
  ExploreTally tally;
  tally.schedules = json.at("schedules");
  tally.given_up = json.at("given_up");
  tally.executions = json.at("executions");
  tally.has_left_out = json.at("has_left_out");
  tally.has_waited_for_time = json.at("has_waited_for_time");
  for (const nlohmann::json& each : json.at("outcomes")) {
    ExploredOutcome& outcome = tally.outcomes.emplace_back();
    outcome.grade = static_cast<OutcomeGrade>(each.at(0).get<unsigned>());
    outcome.result = each.at(1);
    outcome.message = each.at(2);
    outcome.count = each.at(3);
    outcome.switches = each.at(4);
    outcome.schedule = each.at(5);
    outcome.why = each.at(6);
  }
  return tally;
}

void sort_outcomes(std::vector<ExploredOutcome>& outcomes) {
  std::sort(outcomes.begin(), outcomes.end(), [](const ExploredOutcome& one, const ExploredOutcome& other) {
    return std::tie(one.grade, one.result, one.message) < std::tie(other.grade, other.result, other.message);
  });
}

}  // namespace gilvm

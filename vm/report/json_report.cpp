#include "vm/report/json_report.h"

namespace gilvm {
namespace {

nlohmann::ordered_json json_of(const RepeatResult& repeat) {
  nlohmann::ordered_json object = {{"expected", nlohmann::ordered_json(repeat.expected)},
                                   {"observed", nlohmann::ordered_json(repeat.observed)},
                                   {"ok", repeat.ok},
                                   {"wall_seconds", repeat.wall_seconds},
                                   {"cpu_seconds", repeat.cpu_seconds},
                                   {"gil",
                                    {{"switches", repeat.gil.switches},
                                     {"requests", repeat.gil.requests},
                                     {"held_seconds", repeat.gil.held_seconds},
                                     {"waited_seconds", repeat.gil.waited_seconds}}}};
  if (!repeat.schedule.empty()) object["schedule"] = repeat.schedule;
  if (repeat.shrunk) {
    object["shrunk"] = {{"schedule", repeat.shrunk->schedule},
                        {"switches", repeat.shrunk->switches},
                        {"switches_before", repeat.shrunk->switches_before},
                        {"observed", nlohmann::ordered_json(repeat.shrunk->observed)}};
  }
  if (!repeat.error.empty()) object["error"] = repeat.error;
  return object;
}

}  // namespace

nlohmann::ordered_json json_of(const WorldDescription& world) {
  return {{"workers", world.workers},
          {"lock", world.lock},
          {"switch_interval", world.switch_interval},
          {"switch_points", world.switch_points},
          {"gil_policy", world.gil_policy}};
}

nlohmann::ordered_json json_of(const RunResult& run) {
  nlohmann::ordered_json repeats = nlohmann::ordered_json::array();
  for (const RepeatResult& repeat : run.repeats) repeats.push_back(json_of(repeat));
  nlohmann::ordered_json object = {{"script", run.script},
                                   {"name", run.name},
                                   {"world", json_of(run.world)},
                                   {"workers", run.workers},
                                   {"repeats", std::move(repeats)}};
  if (run.single_wall_seconds > 0) object["single_wall_seconds"] = run.single_wall_seconds;
  return object;
}

nlohmann::ordered_json json_of(const CompareResult& compare) {
  nlohmann::ordered_json worlds = nlohmann::ordered_json::array();
  for (const RunResult& world : compare.worlds) worlds.push_back(json_of(world));
  return {{"script", compare.script}, {"name", compare.name}, {"worlds", std::move(worlds)}};
}

std::string json_text(const nlohmann::ordered_json& object) {
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace gilvm

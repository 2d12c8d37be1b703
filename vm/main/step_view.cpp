#include "vm/main/step_view.h"

#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "vm/base/text.h"
#include "vm/main/commands.h"
#include "vm/report/json_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::uint64_t kMostOnTerminal = 500;  // steps
constexpr const char* kHidden = "?";

std::string json_line(const nlohmann::json& value) {
  return printable(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

StepView::StepView(const Options& options) : options_(options), recorder_(options.watched) {
  silence_.emplace(std::initializer_list<int>{STDOUT_FILENO});
}

void StepView::read_sources(const std::vector<Script>& scripts) {
  for (const Script& script : scripts) {
    const std::string name = short_source(script.name == "-" ? "=stdin" : "@" + script.name);
    std::vector<std::string>& lines = sources_[name];
    std::istringstream text(script.source);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    if (scripts.size() == 1) script_ = name;
  }
}

int StepView::show(int status) {
  silence_.reset();
  const std::string unknown = recorder_.unknown_name();
  if (!unknown.empty()) {
    complain(filled(translate("--watch: the run has no global and no captured local '{0}'"),
                    shortened(printable(unknown), 40)));
    return kExitUsage;
  }
  const std::string shown = text();
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  return status;
}

std::string StepView::text() const {
  StepTable table = recorder_.table();
  table.sources = sources_;
  table.script = script_;
  table.hides_values = options_.hides_values;
  table.first = options_.first_step;
  const bool is_limited = !options_.json && isatty(STDOUT_FILENO) == 1;
  table.last = options_.last_step != 0 ? options_.last_step : is_limited ? kMostOnTerminal : UINT64_MAX;
  if (options_.json) {
    std::string lines = step_lines(table);
    if (!result_) return lines;
    nlohmann::ordered_json result = json_of(*result_);
    if (options_.hides_values) {
      result["repeats"][0]["observed"] = kHidden;
      result["repeats"][0].erase("ok");
    }
    return lines + json_text(result);
  }
  std::string text = step_table(table, {terminal_width(), options_.color});
  if (!result_ || !result_->repeats.back().error.empty()) return text;
  const RepeatResult& repeat = result_->repeats.back();
  if (repeat.observed.is_null() && repeat.expected.is_null()) return text;
  const std::string observed = options_.hides_values ? kHidden : json_line(repeat.observed);
  text += '\n' + filled(translate("observed: {0}"), observed) + '\n';
  if (!repeat.expected.is_null()) {
    text += filled(translate("expected: {0}"), json_line(repeat.expected)) + '\n';
  }
  return text;
}

}  // namespace gilvm

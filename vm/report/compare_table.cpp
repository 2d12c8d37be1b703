#include "vm/report/compare_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::size_t kTextValueWidth = 12;
constexpr std::size_t kIndent = 2;
constexpr const char* kNothing = "-";

enum Column : std::size_t {
  kWorld,
  kExpected,
  kLeast,
  kMedian,
  kMost,
  kLost,
  kWall,
  kCpu,
  kSpeedUp,
  kColumns,
};
using Cells = std::array<std::string, kColumns>;

// How a row came out, which decides its colour.
enum class Outcome { kAsExpected, kDifferent, kFailed, kUnknown };

struct Row {
  Cells cells;
  std::string sentence;
  Outcome outcome = Outcome::kUnknown;
};

// What the successful repeats of one world have in common.
struct Summary {
  std::vector<const RepeatResult*> done;  // by observed value, the least first, where those are numbers
  std::size_t failed = 0;
  std::string first_error;
  bool expects = false;  // at least one repeat has something to compare with
  bool numbers = false;  // all that was observed and expected is a number
  std::size_t different = 0;
  std::size_t less = 0;  // of those that are different: how many observed less than expected
};

double number(const nlohmann::json& value) { return value.get<double>(); }

Summary summary_of(const RunResult& run) {
  Summary summary;
  for (const RepeatResult& repeat : run.repeats) {
    if (repeat.error.empty()) {
      summary.done.push_back(&repeat);
      continue;
    }
    if (summary.failed++ == 0) summary.first_error = repeat.error;
  }
  summary.numbers = !summary.done.empty();
  for (const RepeatResult* repeat : summary.done) {
    if (!repeat->expected.is_null()) summary.expects = true;
    if (!repeat->observed.is_number()) summary.numbers = false;
    if (!repeat->expected.is_number() && !repeat->expected.is_null()) summary.numbers = false;
  }
  for (const RepeatResult* repeat : summary.done) {
    if (repeat->ok || !summary.expects) continue;
    ++summary.different;
    const bool comparable = summary.numbers && repeat->expected.is_number();
    if (comparable && number(repeat->observed) < number(repeat->expected)) ++summary.less;
  }
  if (summary.numbers) {
    std::stable_sort(summary.done.begin(), summary.done.end(),
                     [](const RepeatResult* a, const RepeatResult* b) {
                       return number(a->observed) < number(b->observed);
                     });
  }
  return summary;
}

// The middle one, the lower of two: a value that was observed, not a mean of two that were.
const RepeatResult& middle(const Summary& summary) { return *summary.done[(summary.done.size() - 1) / 2]; }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string value_text(const nlohmann::json& value) {
  if (value.is_null()) return "nil";
  if (value.is_number_float()) return fmt::format("{:.6g}", number(value));
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  return printable(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string cell_text(const nlohmann::json& value) {
  return value.is_number() ? value_text(value) : shortened(value_text(value), kTextValueWidth);
}

// The share that is missing from what was expected. Never "0%" when something is, nor "100%" when some is
// left.
std::string lost_text(const RepeatResult& repeat) {
  if (repeat.ok) return "0%";
  const bool comparable = repeat.expected.is_number() && repeat.observed.is_number();
  if (!comparable || number(repeat.expected) <= 0) return kNothing;
  const double percent = 100 * (number(repeat.expected) - number(repeat.observed)) / number(repeat.expected);
  if (percent <= 0) return kNothing;
  if (percent < 0.1) return "<" + decimal(0.1, 1) + "%";
  if (percent > 99.9 && percent < 100) return ">" + decimal(99.9, 1) + "%";
  return decimal(percent, percent < 99.95 ? 1 : 0) + "%";
}

struct TimeUnit {
  const char* name;
  double seconds;
};

double median_wall(const Summary& summary) {
  std::vector<double> times;
  for (const RepeatResult* repeat : summary.done) times.push_back(repeat->wall_seconds);
  return times.empty() ? 0 : median(std::move(times));
}

// One unit for the whole table, so that its times can be compared at a glance.
TimeUnit unit_for(double longest_seconds) {
  if (longest_seconds >= 10) return {"s", 1};
  if (longest_seconds >= 1e-3) return {"ms", 1e-3};
  return {"µs", 1e-6};
}

// The median, and half of the distance between the shortest and the longest: "103±9".
std::string wall_text(const Summary& summary, TimeUnit unit) {
  const double middle_time = median_wall(summary) / unit.seconds;
  const int digits = middle_time >= 10 ? 0 : middle_time >= 1 ? 1 : 2;
  std::string text = decimal(middle_time, digits);
  if (summary.done.size() < 2) return text;
  const auto [shortest, longest] =
      std::minmax_element(summary.done.begin(), summary.done.end(),
                          [](const auto* a, const auto* b) { return a->wall_seconds < b->wall_seconds; });
  const double spread = ((*longest)->wall_seconds - (*shortest)->wall_seconds) / 2 / unit.seconds;
  return text + "±" + decimal(spread, digits);
}

std::string cpu_text(const Summary& summary) {
  std::vector<double> shares;
  for (const RepeatResult* repeat : summary.done) {
    if (repeat->wall_seconds > 0) shares.push_back(100 * repeat->cpu_seconds / repeat->wall_seconds);
  }
  return shares.empty() ? kNothing : decimal(median(std::move(shares)), 0) + "%";
}

// Throughput against one worker: N workers do N times the work.
std::string speed_up_text(const RunResult& run, const Summary& summary) {
  const double wall = median_wall(summary);
  if (run.single_wall_seconds <= 0 || wall <= 0) return kNothing;
  return decimal(run.workers * run.single_wall_seconds / wall, 2) + "x";
}

void fill_observed(Cells& cells, const Summary& summary) {
  if (summary.numbers) {
    cells[kLeast] = cell_text(summary.done.front()->observed);
    cells[kMedian] = cell_text(middle(summary).observed);
    cells[kMost] = cell_text(summary.done.back()->observed);
    cells[kLost] = summary.expects ? lost_text(middle(summary)) : kNothing;
    return;
  }
  // Values without an order have no median: the one value that all observed, or how many there were.
  std::set<nlohmann::json> distinct;
  for (const RepeatResult* repeat : summary.done) distinct.insert(repeat->observed);
  cells[kMedian] =
      distinct.size() == 1 ? cell_text(*distinct.begin()) : filled(translate("{0} values"), distinct.size());
}

std::string gil_sentence(bool every, const Summary& summary) {
  if (every) {
    return summary.less > 0
               ? translate(
                     "The lock was handed over between a load and its store: the store then overwrote what "
                     "another thread had written.")
               : translate(
                     "Nothing was lost this time, but it can be: the lock may be handed over between a load "
                     "and its store.");
  }
  return summary.less > 0
             ? translate(
                   "The lock changes hands only at a backward jump or a function's entry; here one of those "
                   "lies between a load and its store.")
             : translate(
                   "The lock changes hands only at a backward jump or a function's entry, never inside a "
                   "statement such as counter = counter + 1.");
}

std::string no_lock_sentence(const Summary& summary) {
  return summary.less > 0 ? translate(
                                "No lock: between a thread's load and its store others stored too, and it "
                                "overwrote what they had written.")
                          : translate(
                                "Nothing was lost this time, but it can be: without a lock others may store "
                                "between a thread's load and its store.");
}

std::string table_locks_sentence(const Summary& summary) {
  return summary.less > 0
             ? translate(
                   "A lock for each table: a load is one step and a store another; others stored in between, "
                   "and that was overwritten.")
             : translate(
                   "A lock for each table: each operation on one was a single step. What takes two, as "
                   "counter "
                   "= counter + 1 does, can still lose something.");
}

std::string processes_sentence(const Summary& summary) {
  return summary.different > 0
             ? translate("Each process counted in its own memory; the parent still has what it set up.")
             : translate(
                   "Each process worked in its own memory, and what the parent expects does not depend on "
                   "that.");
}

std::string interpreters_sentence(const Summary& summary) {
  return summary.different > 0
             ? translate("Each interpreter has its own globals; the main one still has what it set up.")
             : translate(
                   "Each interpreter worked on its own globals, and what the main one expects does not "
                   "depend on that.");
}

// The sentence that belongs to the world and to what happened in it.
std::string reason(const WorldDescription& world, const Summary& summary) {
  if (!summary.expects) return translate("The script says nothing of what to expect.");
  if (world.workers == "processes") return processes_sentence(summary);
  if (world.workers == "interpreters") return interpreters_sentence(summary);
  const bool explained = summary.numbers && (summary.different == 0 || summary.less > 0);
  if (explained && world.lock == "gil") return gil_sentence(world.switch_points == "every", summary);
  if (explained && world.lock == "object") return table_locks_sentence(summary);
  if (explained && world.lock == "none") return no_lock_sentence(summary);
  // An order of lines, a text, a list: what made it differ cannot be told from here.
  if (summary.different > 0) {
    return filled(translate("In {0} of {1} runs the result was not the expected one."), summary.different,
                  summary.done.size());
  }
  return translate("Every run gave the expected result.");
}

std::string sentence_for(const WorldDescription& world, const Summary& summary) {
  std::string sentence;
  if (!summary.done.empty()) sentence = reason(world, summary);
  if (summary.failed > 0) {
    if (!sentence.empty()) sentence += ' ';
    const std::string error = printable(summary.first_error.substr(0, summary.first_error.find('\n')));
    sentence += filled(translate("{0} of {1} runs failed: {2}"), summary.failed,
                       summary.failed + summary.done.size(), error);
  }
  if (sentence.empty()) sentence = translate("Nothing was run.");
  return sentence;
}

Outcome outcome_of(const Summary& summary) {
  if (summary.failed > 0) return Outcome::kFailed;
  if (!summary.expects) return Outcome::kUnknown;
  return summary.different > 0 ? Outcome::kDifferent : Outcome::kAsExpected;
}

Row row_of(const RunResult& run, TimeUnit unit) {
  const Summary summary = summary_of(run);
  Row row;
  row.cells.fill(kNothing);
  row.cells[kWorld] = printable(world_label(run.world));
  if (!summary.done.empty()) {
    if (summary.expects) row.cells[kExpected] = cell_text(middle(summary).expected);
    fill_observed(row.cells, summary);
    row.cells[kWall] = wall_text(summary, unit);
    row.cells[kCpu] = cpu_text(summary);
    row.cells[kSpeedUp] = speed_up_text(run, summary);
  }
  row.sentence = sentence_for(run.world, summary);
  row.outcome = outcome_of(summary);
  return row;
}

// The two lines of the head; a "/" in the text divides it between them.
struct Head {
  Cells upper;
  Cells lower;
};

void set_head(Head& head, Column column, const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    head.lower[column] = text;
    return;
  }
  head.upper[column] = text.substr(0, slash);
  head.lower[column] = text.substr(slash + 1);
}

Head head_of(TimeUnit unit) {
  Head head;
  set_head(head, kWorld, translate("world"));
  set_head(head, kExpected, translate("expected"));
  set_head(head, kLeast, translate("least"));
  set_head(head, kMedian, translate("median"));
  set_head(head, kMost, translate("most"));
  set_head(head, kLost, translate("lost"));
  set_head(head, kWall, filled(translate("wall/{0}"), unit.name));
  set_head(head, kCpu, "CPU");
  set_head(head, kSpeedUp, translate("speed-/up"));
  return head;
}

class TableWriter {
 public:
  TableWriter(const std::vector<Row>& rows, Head head, const TableStyle& style)
      : rows_(rows), head_(std::move(head)), style_(style), width_(std::max(style.width, kLeastWidth)) {
    for (std::size_t column = 0; column < kColumns; ++column) {
      widths_[column] = std::max(display_width(head_.upper[column]), display_width(head_.lower[column]));
      for (const Row& row : rows_)
        widths_[column] = std::max(widths_[column], display_width(row.cells[column]));
    }
  }

  std::string text() {
    for (gap_ = 2; gap_ > 0; --gap_) {
      if (total_width() > width_) continue;
      write_columns();
      return std::move(text_);
    }
    write_paragraphs();
    return std::move(text_);
  }

  void write_title(std::string_view title) {
    for (const std::string& line : wrapped(title, width_)) text_ += in_style("1", line) + '\n';
    text_ += '\n';
  }

 private:
  std::size_t total_width() const {
    std::size_t total = gap_ * (kColumns - 1);
    for (std::size_t width : widths_) total += width;
    return total;
  }

  std::string in_style(const char* code, const std::string& text) const {
    return style_.color ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
  }

  std::string in_color_of(Outcome outcome, const std::string& text) const {
    switch (outcome) {
      case Outcome::kAsExpected: return in_style("32", text);
      case Outcome::kDifferent: return in_style("31", text);
      case Outcome::kFailed: return in_style("1;31", text);
      case Outcome::kUnknown: break;
    }
    return text;
  }

  std::string cell(const Cells& cells, std::size_t column) const {
    if (column == kWorld) return pad_after(cells[column], widths_[column]);
    return pad_before(cells[column], widths_[column]);
  }

  std::string line_of(const Cells& cells) const {
    std::string line = cell(cells, 0);
    for (std::size_t column = 1; column < kColumns; ++column)
      line += std::string(gap_, ' ') + cell(cells, column);
    return without_blanks_after(line);
  }

  static std::string without_blanks_after(const std::string& line) {
    return line.substr(0, line.find_last_not_of(' ') + 1);
  }

  // The upper line of the head, with "observed" over its three columns.
  std::string upper_head() const {
    std::string line;
    for (std::size_t column = 0; column < kColumns; ++column) {
      if (column > 0) line += std::string(gap_, ' ');
      if (column != kLeast) {
        line += cell(head_.upper, column);
        continue;
      }
      const std::size_t span = widths_[kLeast] + widths_[kMedian] + widths_[kMost] + 2 * gap_;
      const std::string observed = shortened(translate("observed"), span);
      const std::size_t before = (span - display_width(observed) + 1) / 2;
      line += pad_after(std::string(before, ' ') + observed, span);
      column = kMost;
    }
    return without_blanks_after(line);
  }

  void write_columns() {
    text_ += in_style("1", upper_head()) + '\n' + in_style("1", line_of(head_.lower)) + '\n';
    for (const Row& row : rows_) {
      text_ += in_color_of(row.outcome, line_of(row.cells)) + '\n';
      write_sentence(row);
    }
  }

  void write_sentence(const Row& row) {
    for (const std::string& line : wrapped(row.sentence, width_ - kIndent)) {
      text_ += std::string(kIndent, ' ') + line + '\n';
    }
  }

  void write_paragraphs() {
    for (const Row& row : rows_) {
      for (const std::string& line : wrapped(row.cells[kWorld], width_)) {
        text_ += in_color_of(row.outcome, line) + '\n';
      }
      std::string figures;
      for (std::size_t column = kExpected; column < kColumns; ++column) {
        if (column > kExpected) figures += ", ";
        if (column == kLeast) figures += std::string(translate("observed")) + ": ";
        figures += joined_head(column) + ' ' + row.cells[column];
      }
      for (const std::string& line : wrapped(figures, width_ - kIndent)) {
        text_ += std::string(kIndent, ' ') + line + '\n';
      }
      write_sentence(row);
    }
  }

  // "speed-/up" is one word, "wall/ms" two.
  std::string joined_head(std::size_t column) const {
    const std::string& upper = head_.upper[column];
    const bool one_word = upper.empty() || upper.back() == '-';
    return upper + (one_word ? "" : " ") + head_.lower[column];
  }

  const std::vector<Row>& rows_;
  Head head_;
  TableStyle style_;
  std::size_t width_;
  std::size_t gap_ = 2;
  std::array<std::size_t, kColumns> widths_ = {};
  std::string text_;
};

std::string title_of(const CompareResult& compare) {
  const std::string name = printable(compare.name.empty() ? compare.script : compare.name);
  if (compare.worlds.empty()) return name;
  const RunResult& first = compare.worlds.front();
  return filled(translate("{0} (workers: {1}, repeats: {2}, switch interval: {3})"), name, first.workers,
                first.repeats.size(), first.world.switch_interval);
}

}  // namespace

std::string world_label(const WorldDescription& world) {
  if (world.workers != "threads") return world.workers;
  std::string label = world.workers + '/' + world.lock;
  if (world.lock == "gil") label += ' ' + world.switch_points;
  return label;
}

std::string compare_table(const CompareResult& compare, const TableStyle& style) {
  double longest = 0;
  for (const RunResult& run : compare.worlds) longest = std::max(longest, median_wall(summary_of(run)));
  const TimeUnit unit = unit_for(longest);
  std::vector<Row> rows;
  for (const RunResult& run : compare.worlds) rows.push_back(row_of(run, unit));
  TableWriter writer(rows, head_of(unit), style);
  writer.write_title(title_of(compare));
  return writer.text();
}

}  // namespace gilvm

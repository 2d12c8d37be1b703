#include "vm/report/step_table.h"

#include <algorithm>

#include "vm/base/text.h"
#include "vm/report/json_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr const char* kHidden = "?";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kPlain = "\x1b[0m";

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastColumn = 20;  // narrower ones do not stand beside each other
constexpr std::size_t kLeastWatched = 3;  // a column of a watched variable
constexpr std::size_t kMostWatched = 16;
constexpr std::size_t kInstructionWidth = 12;  // that of most

std::string one_value(const StepTable& table, const ShownValue& value) {
  return table.hides_values ? kHidden : printable(value.text);
}

std::string list_of(const StepTable& table, const std::vector<ShownValue>& values) {
  std::string list;
  for (const ShownValue& value : values) {
    if (!list.empty()) list += ", ";
    list += one_value(table, value);
  }
  return list;
}

// What the row says, without the instruction.
std::string statement(const StepTable& table, const StepRow& row) {
  const std::string name = printable(row.name);
  const std::string call = name + '(' + list_of(table, row.arguments) + ')';
  const std::string results = row.values.empty() ? "" : " → " + list_of(table, row.values);
  switch (row.kind) {
    case StepRow::Kind::kRead: return name + " → " + list_of(table, row.values);
    case StepRow::Kind::kWrite: return name + " = " + list_of(table, row.values);
    case StepRow::Kind::kCall: return call + results;
    case StepRow::Kind::kWait: return filled(translate("{0} waits"), call);
    case StepRow::Kind::kReturn: return filled(translate("{0} returns"), name + "()") + results;
    case StepRow::Kind::kStart: return translate("starts");
    case StepRow::Kind::kEnd: return translate("ends");
    case StepRow::Kind::kFail: return translate("ends with an error");
    case StepRow::Kind::kStop: return translate("is stopped");
  }
  return "";
}

std::string reason_text(const StepSwitch& switched, const std::string& name) {
  switch (switched.why) {
    case StepSwitch::Why::kWaits:
      return switched.wait.empty() ? filled(translate("{0} waits"), name)
                                   : filled(translate("{0} waits {1}"), name, printable(switched.wait));
    case StepSwitch::Why::kEnded: return filled(translate("{0} has ended"), name);
    case StepSwitch::Why::kInterval: return filled(translate("the switch interval of {0} is over"), name);
    case StepSwitch::Why::kCount: return filled(translate("{0} has run its number of instructions"), name);
    case StepSwitch::Why::kAsked: return filled(translate("{0} is asked for the GIL"), name);
    case StepSwitch::Why::kLetGo: return filled(translate("{0} has let go of the GIL"), name);
    case StepSwitch::Why::kNoLock: return translate("no lock: anyone may go on");
    case StepSwitch::Why::kGrowth: return translate("no lock, in the middle of a table's growth");
    case StepSwitch::Why::kInside: return translate("no lock, in the middle of a call of the library");
  }
  return "";
}

const char* reason_word(StepSwitch::Why why) {
  switch (why) {
    case StepSwitch::Why::kWaits: return "waits";
    case StepSwitch::Why::kEnded: return "ended";
    case StepSwitch::Why::kInterval: return "interval";
    case StepSwitch::Why::kCount: return "count";
    case StepSwitch::Why::kAsked: return "asked";
    case StepSwitch::Why::kLetGo: return "let_go";
    case StepSwitch::Why::kNoLock: return "no_lock";
    case StepSwitch::Why::kGrowth: return "growth";
    case StepSwitch::Why::kInside: return "inside";
  }
  return "";
}

const char* kind_word(StepRow::Kind kind) {
  switch (kind) {
    case StepRow::Kind::kRead: return "read";
    case StepRow::Kind::kWrite: return "write";
    case StepRow::Kind::kCall: return "call";
    case StepRow::Kind::kWait: return "wait";
    case StepRow::Kind::kReturn: return "return";
    case StepRow::Kind::kStart: return "start";
    case StepRow::Kind::kEnd: return "end";
    case StepRow::Kind::kFail: return "fail";
    case StepRow::Kind::kStop: return "stop";
  }
  return "";
}

// The rows that are asked for: the first, and one past the last.
std::pair<std::size_t, std::size_t> range_of(const StepTable& table) {
  const std::size_t size = table.rows.size();
  const auto end = static_cast<std::size_t>(std::min<std::uint64_t>(table.last, size));
  const auto begin = static_cast<std::size_t>(std::min<std::uint64_t>(table.first - 1, end));
  return {begin, end};
}

class Rendering {
 public:
  Rendering(const StepTable& table, const TableStyle& style)
      : table_(table),
        width_(std::max(style.width, kLeastWidth)),
        color_(style.color),
        columns_(table.threads.size()),
        lines_(table.threads.size()) {
    lay_out();
  }

  std::string run() {
    header();
    const auto [begin, end] = range_of(table_);
    // What is watched has the values that the rows before have left.
    for (std::size_t index = 0; index < begin; ++index) note_watched(table_.rows[index]);
    for (std::size_t index = begin; index < end; ++index) row(index);
    const std::size_t left_out = table_.rows.size() - (end - begin);
    if (left_out > 0) {
      sentence(filled(translate("Not shown: {0} of {1} steps; --steps=FROM-TO shows others."), left_out,
                      table_.rows.size()));
    }
    if (table_.is_cut) sentence(translate("There were more steps than are kept."));
    return std::move(text_);
  }

 private:
  // Where a thread's cells stand. width 0: it has no column, and its rows name it.
  struct Column {
    std::size_t start = 0;
    std::size_t width = 0;
  };

  void lay_out() {
    number_width_ = std::max(display_width(translate("step")), std::to_string(table_.rows.size()).size());
    for (std::size_t index = 0; index < table_.watched.size(); ++index) {
      std::size_t widest = std::max(display_width(table_.watched[index]), kLeastWatched);
      for (const StepRow& row : table_.rows) {
        for (const auto& [which, value] : row.watched) {
          if (which == index) widest = std::max(widest, display_width(one_value(table_, value)));
        }
      }
      watched_widths_.push_back(std::min(widest, kMostWatched));
      watched_width_ += kGap + watched_widths_.back();
    }
    const std::size_t start = number_width_ + kGap;
    // Threads alone with the rest of the line.
    const std::size_t room =
        width_ > start + watched_width_ + kLeastColumn ? width_ - start - watched_width_ : kLeastColumn;
    body_ = {start, room};
    std::vector<std::size_t> threads;
    for (const StepRow& row : table_.rows) {
      if (row.alone || std::find(threads.begin(), threads.end(), row.thread) != threads.end()) continue;
      threads.push_back(row.thread);
    }
    std::sort(threads.begin(), threads.end());
    if (threads.empty()) return;
    const std::size_t share = (room + kGap) / threads.size();
    if (share < kLeastColumn + kGap) return;
    for (std::size_t place = 0; place < threads.size(); ++place) {
      columns_[threads[place]] = {start + place * share, share - kGap};
    }
  }

  std::string colored(const char* color, const std::string& text) const {
    return color_ ? color + text + kPlain : text;
  }

  // A line with `left` in front, `cell` at its place, and the watched variables that have changed.
  void line(const std::string& left, const Column& column, const std::string& cell, const char* color,
            const std::vector<std::optional<ShownValue>>* watched = nullptr) {
    std::string result = pad_after(left, column.start);
    const std::string shown = shortened(cell, column.width);
    std::size_t used = column.start + display_width(shown);
    result += color ? colored(color, shown) : shown;
    if (watched) {
      std::size_t place = body_.start + body_.width;
      for (std::size_t index = 0; index < watched_widths_.size(); ++index) {
        const auto& value = (*watched)[index];
        if (value) {
          result += std::string(place + kGap > used ? place + kGap - used : 0, ' ');
          const std::string text = shortened(one_value(table_, *value), watched_widths_[index]);
          result += colored(kBold, text);
          used = place + kGap + display_width(text);
        }
        place += kGap + watched_widths_[index];
      }
    }
    const std::size_t end = result.find_last_not_of(' ');
    text_ += result.substr(0, end == std::string::npos ? 0 : end + 1) + '\n';
  }

  void header() {
    std::string head = pad_before(translate("step"), number_width_);
    for (std::size_t thread = 0; thread < columns_.size(); ++thread) {
      const Column& column = columns_[thread];
      if (column.width == 0) continue;
      head = pad_after(head, column.start) + shortened(printable(table_.threads[thread]), column.width);
    }
    std::size_t place = body_.start + body_.width;
    for (std::size_t index = 0; index < watched_widths_.size(); ++index) {
      head =
          pad_after(head, place + kGap) + shortened(printable(table_.watched[index]), watched_widths_[index]);
      place += kGap + watched_widths_[index];
    }
    text_ += colored(kBold, head) + '\n';
  }

  void sentence(const std::string& words) {
    for (const std::string& each : wrapped(words, width_)) text_ += each + '\n';
  }

  void switch_line(const StepRow& row) {
    const std::string reason = reason_text(*row.switched, printable(table_.threads[row.switched->from]));
    const std::string words =
        filled(translate("switch: {0} goes on ({1})"), printable(table_.threads[row.thread]), reason);
    constexpr std::size_t kMargin = 6;  // "── " before and after
    const std::vector<std::string> parts = wrapped(words, width_ - kMargin);
    for (const std::string& part : parts) {
      const bool is_first = &part == &parts.front(), is_last = &part == &parts.back();
      text_ += colored(kYellow, (is_first ? "── " : "   ") + part + (is_last ? " ──" : "")) + '\n';
    }
  }

  // The source of the line to which a thread has come.
  std::string source_of(const StepRow& row) const {
    std::string place = std::to_string(row.line);
    if (row.file != table_.script) place = printable(row.file) + ':' + place;
    const auto source = table_.sources.find(row.file);
    if (source == table_.sources.end() || row.line < 1 ||
        static_cast<std::size_t>(row.line) > source->second.size()) {
      return place;
    }
    std::string line = source->second[static_cast<std::size_t>(row.line) - 1];
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) return place;
    std::replace(line.begin(), line.end(), '\t', ' ');
    line.erase(line.find_last_not_of(" \r") + 1);
    return place + ": " + printable(line.substr(begin));
  }

  void note_watched(const StepRow& row) {
    for (const auto& [which, value] : row.watched) values_[which] = value;
  }

  void row(std::size_t index) {
    const StepRow& row = table_.rows[index];
    if (row.switched) switch_line(row);
    Column column = columns_[row.thread];
    const bool is_named = column.width == 0;
    if (is_named) column = body_;
    const std::string name = is_named ? printable(table_.threads[row.thread]) + "  " : "";
    const std::pair<std::string, std::int32_t> place{row.file, row.line};
    const bool is_new = !row.file.empty() && lines_[row.thread] != place;
    if (is_new) {
      lines_[row.thread] = place;
      line("", column, name + source_of(row), kDim);
    }
    std::vector<std::optional<ShownValue>> changed(table_.watched.size());
    for (const auto& [which, value] : row.watched) {
      const auto known = values_.find(which);
      if (known == values_.end() || !(known->second == value)) changed[which] = value;
    }
    note_watched(row);
    const std::string number = pad_before(std::to_string(index + 1), number_width_);
    const std::string words = statement(table_, row);
    if (row.instruction.empty()) return line(number, column, name + words, nullptr, &changed);
    const std::string in_line = name + pad_after(row.instruction, kInstructionWidth) + ' ' + words;
    if (display_width(in_line) <= column.width) return line(number, column, in_line, nullptr, &changed);
    const std::string close = name + row.instruction + ' ' + words;
    if (display_width(close) <= column.width) return line(number, column, close, nullptr, &changed);
    line(number, column, name + row.instruction, nullptr);
    line("", column, std::string(display_width(name) + kGap, ' ') + words, nullptr, &changed);
  }

  const StepTable& table_;
  const std::size_t width_;
  const bool color_;
  std::vector<Column> columns_;                              // by threads
  std::vector<std::pair<std::string, std::int32_t>> lines_;  // by threads: where they are
  Column body_;                                              // that of rows that name their thread
  std::size_t number_width_ = 0;
  std::vector<std::size_t> watched_widths_;
  std::size_t watched_width_ = 0;
  std::map<std::size_t, ShownValue> values_;  // of what is watched, after the rows so far
  std::string text_;
};

nlohmann::ordered_json json_value(const StepTable& table, const ShownValue& value) {
  return table.hides_values ? nlohmann::ordered_json(kHidden) : nlohmann::ordered_json(value.json);
}

nlohmann::ordered_json json_list(const StepTable& table, const std::vector<ShownValue>& values) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ShownValue& value : values) list.push_back(json_value(table, value));
  return list;
}

nlohmann::ordered_json json_of(const StepTable& table, std::size_t index) {
  const StepRow& row = table.rows[index];
  nlohmann::ordered_json object = {
      {"step", index + 1}, {"thread", table.threads[row.thread]}, {"kind", kind_word(row.kind)}};
  if (!row.file.empty()) {
    object["file"] = row.file;
    object["line"] = row.line;
  }
  if (!row.instruction.empty()) object["instruction"] = row.instruction;
  if (!row.name.empty()) object["name"] = row.name;
  if (row.kind == StepRow::Kind::kRead || row.kind == StepRow::Kind::kWrite) {
    object["value"] = json_value(table, row.values.front());
  } else {
    if (row.kind == StepRow::Kind::kCall || row.kind == StepRow::Kind::kWait) {
      object["arguments"] = json_list(table, row.arguments);
    }
    if (!row.values.empty()) object["results"] = json_list(table, row.values);
  }
  if (row.switched) {
    object["switched"] = {{"from", table.threads[row.switched->from]},
                          {"why", reason_word(row.switched->why)}};
    if (!row.switched->wait.empty()) object["switched"]["waits"] = row.switched->wait;
  }
  for (const auto& [which, value] : row.watched) {
    object["watched"][table.watched[which]] = json_value(table, value);
  }
  return object;
}

}  // namespace

std::string step_table(const StepTable& table, const TableStyle& style) {
  return Rendering(table, style).run();
}

std::string step_lines(const StepTable& table) {
  std::string text;
  const auto [begin, end] = range_of(table);
  for (std::size_t index = begin; index < end; ++index) text += json_text(json_of(table, index));
  return text;
}

}  // namespace gilvm

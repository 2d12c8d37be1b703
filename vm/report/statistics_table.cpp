#include "vm/report/statistics_table.h"

#include <algorithm>
#include <array>

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::size_t kFigures = 4;
constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastNameWidth = 4;

struct Line {
  std::string name;
  std::array<std::string, kFigures> figures;
};

Line line_of(const ThreadStatistics& thread) {
  const GilFigures& gil = thread.gil;
  return {printable(thread.name),
          {fmt::format("{}", gil.switches), fmt::format("{}", gil.requests),
           decimal(gil.held_seconds * 1e3, 1), decimal(gil.waited_seconds * 1e3, 1)}};
}

ThreadStatistics sum_of(const std::vector<ThreadStatistics>& threads) {
  ThreadStatistics sum;
  sum.name = translate("all");
  for (const ThreadStatistics& thread : threads) {
    sum.gil.switches += thread.gil.switches;
    sum.gil.requests += thread.gil.requests;
    sum.gil.held_seconds += thread.gil.held_seconds;
    sum.gil.waited_seconds += thread.gil.waited_seconds;
  }
  return sum;
}

}  // namespace

std::string statistics_table(const std::vector<ThreadStatistics>& threads, const TableStyle& style) {
  std::vector<Line> lines = {
      {translate("thread"),
       {translate("switches"), translate("requests"), translate("held ms"), translate("waited ms")}}};
  for (const ThreadStatistics& thread : threads) lines.push_back(line_of(thread));
  if (threads.size() > 1) lines.push_back(line_of(sum_of(threads)));

  std::array<std::size_t, kFigures> widths = {};
  std::size_t name_width = 0;
  std::size_t figures_width = 0;
  for (const Line& line : lines) {
    name_width = std::max(name_width, display_width(line.name));
    for (std::size_t figure = 0; figure < kFigures; ++figure) {
      widths[figure] = std::max(widths[figure], display_width(line.figures[figure]));
    }
  }
  for (std::size_t width : widths) figures_width += kGap + width;
  // The figures are what the table is for: a long name gives way.
  const std::size_t left = style.width > figures_width ? style.width - figures_width : 0;
  name_width = std::min(name_width, std::max(left, kLeastNameWidth));

  std::string text;
  for (std::size_t index = 0; index < lines.size(); ++index) {
    std::string line = pad_after(shortened(lines[index].name, name_width), name_width);
    for (std::size_t figure = 0; figure < kFigures; ++figure) {
      line += std::string(kGap, ' ') + pad_before(lines[index].figures[figure], widths[figure]);
    }
    text += style.color && index == 0 ? "\033[1m" + line + "\033[0m\n" : line + '\n';
  }
  return text;
}

}  // namespace gilvm

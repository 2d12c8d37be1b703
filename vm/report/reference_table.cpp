#include "vm/report/reference_table.h"

#include <algorithm>
#include <array>

#include "vm/base/text.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::size_t kMostRows = 20;
constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastNameWidth = 8;
constexpr std::size_t kFigures = 3;

struct Row {
  std::string name;
  std::array<std::string, kFigures> figures;
  std::string consequence;
};

Row row_of(const WrongReferences& wrong) {
  const std::string name = wrong.variable.empty() ? "?" : printable(wrong.variable);
  return {name + " (" + wrong.type + ")",
          {std::to_string(wrong.objects), std::to_string(wrong.counts), std::to_string(wrong.references)},
          wrong.is_above ? translate("never freed") : translate("freed while in use")};
}

std::string table_of(const std::vector<Row>& rows, const TableStyle& style) {
  std::array<std::size_t, kFigures> widths = {};
  std::size_t name_width = 0, consequence_width = 0;
  for (const Row& row : rows) {
    name_width = std::max(name_width, display_width(row.name));
    consequence_width = std::max(consequence_width, display_width(row.consequence));
    for (std::size_t figure = 0; figure < kFigures; ++figure)
      widths[figure] = std::max(widths[figure], display_width(row.figures[figure]));
  }
  std::size_t others = 2 + kGap + consequence_width;
  for (const std::size_t width : widths) others += kGap + width;
  const std::size_t left = style.width > others ? style.width - others : 0;
  name_width = std::min(name_width, std::max(left, kLeastNameWidth));
  std::string text;
  for (const Row& row : rows) {
    text += "  " + pad_after(shortened(row.name, name_width), name_width);
    for (std::size_t figure = 0; figure < kFigures; ++figure)
      text += std::string(kGap, ' ') + pad_before(row.figures[figure], widths[figure]);
    text += std::string(kGap, ' ') + row.consequence + '\n';
  }
  return text;
}

}  // namespace

std::string reference_table(const ReferenceReport& report, const TableStyle& style) {
  if (report.wrong.empty()) {
    return filled(translate("reference counts: the ledger balances ({0} objects)"), report.objects) + '\n';
  }
  std::uint64_t wrong = 0;
  for (const WrongReferences& each : report.wrong) wrong += each.objects;
  std::string text = filled(translate("reference counts: the ledger does not balance; {0} of {1} objects:"),
                            wrong, report.objects) +
                     '\n';
  std::vector<Row> rows = {{translate("variable"),
                            {translate("objects"), translate("counts"), translate("references")},
                            translate("in CPython")}};
  for (const WrongReferences& each : report.wrong) {
    if (rows.size() <= kMostRows) rows.push_back(row_of(each));
  }
  text += table_of(rows, style);
  if (report.wrong.size() > kMostRows) {
    text += "  " + filled(translate("and {0} more"), report.wrong.size() - kMostRows) + '\n';
  }
  return text;
}

nlohmann::ordered_json json_of(const ReferenceReport& report) {
  nlohmann::ordered_json wrong = nlohmann::ordered_json::array();
  for (const WrongReferences& each : report.wrong) {
    wrong.push_back({{"variable", each.variable},
                     {"type", each.type},
                     {"objects", each.objects},
                     {"counts", each.counts},
                     {"references", each.references},
                     {"outcome", each.is_above ? "never_freed" : "freed_in_use"}});
  }
  return {{"balanced", report.wrong.empty()}, {"objects", report.objects}, {"wrong", std::move(wrong)}};
}

}  // namespace gilvm

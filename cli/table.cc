#include "cli/table.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace podcron::cli {
namespace {

std::string_view escape_of(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return "";
    case Colour::kBold:
      return "\x1b[1m";
    case Colour::kDim:
      return "\x1b[2m";
    case Colour::kGreen:
      return "\x1b[32m";
    case Colour::kRed:
      return "\x1b[31m";
    case Colour::kYellow:
      return "\x1b[33m";
  }
  return "";
}

/// Characters, not bytes: what continues a UTF-8 sequence takes no place.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

std::string paint(Colour colour, std::string text, bool colours) {
  if (!colours || colour == Colour::kNone || text.empty()) return text;
  return std::string(escape_of(colour)) + text + "\x1b[0m";
}

Table::Table(std::vector<std::string> heading) {
  std::vector<Cell> cells;
  cells.reserve(heading.size());
  for (std::string& text : heading) cells.push_back({std::move(text), Colour::kBold});
  rows_.push_back(std::move(cells));
}

void Table::add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

std::string Table::render(bool colours) const {
  constexpr std::string_view kGap = "  ";
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (std::size_t r = 1; r < rows_.size(); ++r) {
    for (std::size_t i = 0; i < std::min(rows_[r].size(), widths.size()); ++i) {
      widths[i] = std::max(widths[i], width_of(rows_[r][i].text));
    }
  }
  // Only a column that somebody fills is as wide as its heading.
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] > 0) widths[i] = std::max(widths[i], width_of(rows_.front()[i].text));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string pending;
    for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
      if (widths[i] == 0) continue;
      if (!row[i].text.empty()) {
        out += pending + paint(row[i].colour, row[i].text, colours);
        pending.clear();
      }
      pending.append(widths[i] - width_of(row[i].text), ' ');
      pending += kGap;
    }
    out += '\n';
  }
  return out;
}

}  // namespace podcron::cli

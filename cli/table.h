// Columns that line up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace podcron::cli {

enum class Colour : std::uint8_t { kNone, kBold, kDim, kGreen, kRed, kYellow };

/// `text` as a terminal shows it in that colour; unchanged without `colours`.
std::string paint(Colour colour, std::string text, bool colours);

/// Of foreign origin: control characters become '?', so that they do not steer the terminal.
std::string printable(std::string text);

struct Cell {
  std::string text;
  Colour colour = Colour::kNone;
};

/// Rows may be shorter than the heading. A column nobody fills is left out.
class Table {
 public:
  explicit Table(std::vector<std::string> heading);
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  /// Two blanks between columns, none at the end of a line, a line end after each row.
  [[nodiscard]] std::string render(bool colours) const;

 private:
  std::vector<std::vector<Cell>> rows_;  // the heading first
};

}  // namespace podcron::cli

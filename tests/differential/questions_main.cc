// Questions about schedules and podcron's answers, for another cron library to answer as well.
//
// Usage: differential_questions SEED COUNT [CORPUS]
// COUNT random questions, then every line of CORPUS in kQuestionsPerKept zones and instants. A line
// is six texts with U+001F between them:
//   what is expected   random, or the first word of the corpus line
//   time zone
//   instant            Unix seconds
//   AsCronJob's answer the first scheduled time after it in Unix seconds, `never` or `refused`
//   Once's answer      the same
//   expression         last, because it may hold anything but a line end
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/prng.h"
#include "cron/schedule.h"
#include "unit/cron/zone_files.h"

namespace podcron::test {
namespace {

constexpr int kQuestionsPerKept = 40;
constexpr char kBetween = '\x1f';

// Local mean times, with odd seconds in their offsets, ended before 1980; Go and libcctz know
// daylight saving time for ever.
constexpr WallTime kFirstAsked = std::chrono::sys_days{std::chrono::year{1980} / 1 / 1};
constexpr WallTime kLastAsked = std::chrono::sys_days{std::chrono::year{2100} / 1 / 1};

struct FieldOfText {
  int min, max;
  std::vector<std::string_view> names;
};

const std::array<FieldOfText, 6>& fields() {
  static const std::array<FieldOfText, 6> kFields{{
      {0, 59, {}},
      {0, 59, {}},
      {0, 23, {}},
      {1, 31, {}},
      {1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
  }};
  return kFields;
}

// Text that is nearly always a cron expression of the kind that robfig/cron reads, its accidents
// included, and now and then just not.
class Writer {
 public:
  explicit Writer(Prng& prng) : prng_(prng) {}

  std::string expression() {
    if (prng_.chance(20)) return pick(kMacros);
    std::string text;
    for (std::size_t i = prng_.chance(150) ? 0 : 1; i < fields().size(); ++i) {
      if (!text.empty() || prng_.chance(10)) text += blank();
      text += field(fields()[i]);
    }
    if (prng_.chance(10)) text += blank();
    if (prng_.chance(150)) spoil(text);
    return text;
  }

 private:
  static constexpr std::array<std::string_view, 9> kMacros{"@hourly",   "@daily",   "@midnight",
                                                           "@weekly",   "@monthly", "@yearly",
                                                           "@annually", "@Daily",   "@reboot"};
  static constexpr std::array<std::string_view, 8> kBlanks{"  ", "\t",     "\v",     "\f",
                                                           "\r", "\u0085", "\u00A0", "\u3000"};
  static constexpr std::array<std::string_view, 30> kCharacters{
      "0", "1", "2",    "3",    "4",      "5",      "6",      "7", "8", "9",
      "-", "/", ",",    "*",    "?",      " ",      "+",      "@", "a", "me",
      ".", "#", "\x80", "\xff", "\u200B", "\u2003", "\u0130", "=", "_", ""};

  template <typename Texts>
  std::string pick(const Texts& texts) {
    return std::string(texts[prng_.below(texts.size())]);
  }

  int draw(int low, int high) {
    return low + static_cast<int>(prng_.below(static_cast<std::uint64_t>(high - low) + 1));
  }

  std::string blank() { return prng_.chance(30) ? pick(kBlanks) : " "; }

  std::string number(int value) {
    if (prng_.chance(10)) return fmt::format("+{}", value);
    return prng_.chance(40) ? fmt::format("{:03}", value) : fmt::format("{}", value);
  }

  std::string value(const FieldOfText& field, int value) {
    if (field.names.empty() || prng_.chance(600)) return number(value);
    std::string name(field.names[static_cast<std::size_t>(value - field.min)]);
    for (char& c : name) {
      if (prng_.chance(200)) c = static_cast<char>(c - 'a' + 'A');
    }
    return name;
  }

  std::string step(const FieldOfText& field) {
    if (prng_.chance(20)) return fmt::format("/{}", prng_.below(1'000'000'000'000'000'000));
    return "/" + number(draw(prng_.chance(10) ? 0 : 1, field.max));
  }

  std::string item(const FieldOfText& field) {
    const int first = draw(field.min, field.max);
    const int last = draw(prng_.chance(10) ? field.min : first, field.max);
    switch (prng_.below(12)) {
      case 0:
        return prng_.chance(200) ? "?" : "*";
      case 1:
        return fmt::format("{}-{}", prng_.chance(200) ? "?" : "*", last);
      case 2:
      case 3:
        return (prng_.chance(200) ? "?" : "*") + step(field);
      case 4:
      case 5:
        return value(field, first) + "-" + value(field, last);
      case 6:
        return value(field, first) + "-" + value(field, last) + step(field);
      case 7:
        return value(field, first) + step(field);
      default:
        // One below and one above what is allowed, rarely.
        return prng_.chance(5) ? number(draw(0, field.max + 1)) : value(field, first);
    }
  }

  std::string field(const FieldOfText& field) {
    if (prng_.chance(350)) return prng_.chance(150) ? "?" : "*";
    std::string text;
    for (std::uint64_t left = 1 + prng_.below(6) / 3 + prng_.below(6) / 5; left > 0; --left) {
      if (!text.empty()) text += ',';
      text += item(field);
      if (prng_.chance(10)) text += ',';
    }
    return prng_.chance(3) ? "," : text;
  }

  void spoil(std::string& text) {
    for (std::uint64_t left = 1 + prng_.below(2); left > 0; --left) {
      const std::size_t position = prng_.below(text.size() + 1);
      text.replace(position, prng_.below(2), pick(kCharacters));
    }
    std::erase(text, '\n');
  }

  Prng& prng_;
};

WallTime random_instant(Prng& prng) {
  const auto span = static_cast<std::uint64_t>((kLastAsked - kFirstAsked).count());
  WallTime instant = kFirstAsked + Seconds{prng.below(span)};
  // A third at, and a second beside, full hours: where most schedules are due.
  if (prng.chance(333)) instant = std::chrono::floor<std::chrono::hours>(instant);
  if (prng.chance(333)) instant = std::chrono::floor<std::chrono::hours>(instant) - Seconds{1};
  return instant;
}

std::string answer(const std::string& expression, const TimeZone& zone, WallTime instant,
                   DaylightSaving mode) {
  const auto parsed = Schedule::parse(expression, zone, mode, "shop/digest");
  if (!parsed) return "refused";
  const auto next = parsed->next_after(instant);
  return next ? fmt::format("{}", next->time_since_epoch().count()) : "never";
}

void ask(Prng& prng, std::string_view expected, const std::string& expression) {
  const auto& names = all_zone_names();
  const std::string& name = names[prng.below(names.size())];
  const TimeZone asked = zone(name);
  const WallTime instant = random_instant(prng);
  std::cout << expected << kBetween << name << kBetween << instant.time_since_epoch().count()
            << kBetween << answer(expression, asked, instant, DaylightSaving::kAsCronJob)
            << kBetween << answer(expression, asked, instant, DaylightSaving::kOnce) << kBetween
            << expression << '\n';
}

// "both      0 3 * * *": a word, blanks, and the expression as it stands. Lines that begin with
// `#` are comments.
bool ask_about_kept(Prng& prng, const char* path) {
  std::ifstream corpus(path);
  if (!corpus) return false;
  for (std::string line; std::getline(corpus, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t word = std::min(line.find(' '), line.size());
    const std::size_t begin = std::min(line.find_first_not_of(' ', word), line.size());
    for (int i = 0; i < kQuestionsPerKept; ++i) {
      ask(prng, line.substr(0, word), line.substr(begin));
    }
  }
  return true;
}

int run(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "usage: differential_questions SEED COUNT [CORPUS]\n";
    return 2;
  }
  Prng prng(std::strtoull(arguments[1], nullptr, 10));
  Writer writer(prng);
  for (auto left = std::strtoull(arguments[2], nullptr, 10); left > 0; --left) {
    ask(prng, "random", writer.expression());
  }
  if (count > 3 && !ask_about_kept(prng, arguments[3])) {
    std::cerr << "differential_questions: cannot read " << arguments[3] << '\n';
    return 2;
  }
  return std::cout.flush() ? 0 : 1;
}

}  // namespace
}  // namespace podcron::test

int main(int count, char** arguments) { return podcron::test::run(count, arguments); }

// One line of a crontab, taken apart as cron does it.
//
// Source: crontab(5) of Debian's cron and of cronie; load_env() and load_entry() of Vixie cron.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace podcron::cli {

struct CrontabSetting {
  std::string name;
  std::string value;  // without the quotes around it
};

struct CrontabEntry {
  std::string schedule;  // five fields with one blank between them, or a macro, as written
  std::string user;      // of a system crontab
  std::string command;   // up to the first % that no backslash precedes
  std::string input;     // what follows it, a line for each %
};

/// monostate: an empty line or a comment.
using CrontabLine = std::variant<std::monostate, CrontabSetting, CrontabEntry>;

/// `with_user`: the sixth field names the user, as in /etc/crontab and /etc/cron.d.
/// Errors: kInvalidArgument, what was got and what is wanted; the caller knows path and line.
Result<CrontabLine> parse_crontab_line(std::string_view line, bool with_user);

/// `schedule` of a CrontabEntry as podcron writes it: Sunday as 7 becomes 0.
/// Errors: kInvalidArgument where cron means what no PodCronJob can say: both day fields must match
/// if one of them begins with `*`, as in `0 0 */2 * 1`; @reboot.
Result<std::string> podcron_schedule(const std::string& schedule);

}  // namespace podcron::cli

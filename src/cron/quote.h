// Text that a user wrote, made fit for a one-line message: short, printable, in double quotes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace podcron::cron {

/// Texts that are longer once written are cut, so that a message stays readable in a condition and
/// fits into an Event, which takes 1024 bytes.
inline constexpr std::size_t kQuotedBytesMax = 128;

/// `61 * * * *` becomes `"61 * * * *"`. Control characters become `\x1b`; a cut ends in `...`,
/// never inside a UTF-8 sequence.
std::string quote(std::string_view text);

/// Lower case in ASCII; other bytes stay.
std::string to_lower(std::string_view text);

}  // namespace podcron::cron

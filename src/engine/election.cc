#include "engine/election.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/holders.h"

namespace podcron::engine {
namespace {

/// RFC 1123 subdomains, as the API server asks of names.
constexpr std::size_t kLeaseNameMax = 253;
/// For so long nobody decides after a crash: more than an hour is a slip of the pen.
constexpr Seconds kDurationMax{3600};

}  // namespace

std::string why_no_election(const Election& election) {
  const std::string& name = election.lease;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  const auto ends = [](char c) { return c == '-' || c == '.'; };
  if (name.empty() || name.size() > kLeaseNameMax || ends(name.front()) || ends(name.back()) ||
      !std::all_of(name.begin(), name.end(), fits)) {
    return fmt::format(
        "resource-name: \"{}\"; wanted the name of a Lease: at most {} of a-z, 0-9, - and .", name,
        kLeaseNameMax);
  }
  if (name.starts_with(kHolderLeasePrefix)) {
    return fmt::format("resource-name: \"{}\"; names that begin with {} are those of processes",
                       name, kHolderLeasePrefix);
  }
  if (election.duration > kDurationMax) {
    return fmt::format("lease-duration: {} s; wanted at most {} s", election.duration.count(),
                       kDurationMax.count());
  }
  if (election.renew_deadline >= election.duration) {
    return fmt::format("renew-deadline: {} s; wanted less than lease-duration ({} s)",
                       election.renew_deadline.count(), election.duration.count());
  }
  // As client-go asks: its standbys look up to a fifth later than the period says.
  if (election.renew_deadline * 5 <= election.retry_period * 6) {
    return fmt::format("retry-period: {} s; wanted less than renew-deadline ({} s) / 1.2",
                       election.retry_period.count(), election.renew_deadline.count());
  }
  return {};
}

}  // namespace podcron::engine

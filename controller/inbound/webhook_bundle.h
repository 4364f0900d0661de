// The CA bundle of the webhook configuration: a certificate of every process that answers.
//
// Each process makes its own certificate and adds it, so that no key has to be shared and no right
// to Secrets is needed. A line before each says whose it is and until when it is valid; those that
// are over go. Pure: no request is made here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace podcron::inbound {

struct BundleEntry {
  std::string owner;  // one word
  WallTime until;
  std::string pem;
};

/// More than replicas can be; beyond it those that end first go, but never `ours`.
inline constexpr std::size_t kBundleEntriesMax = 64;

/// A ValidatingWebhookConfiguration with `ours` in the bundle of each of its webhooks, as JSON to
/// be put back; nullopt: they are there already and nothing is over. Certificates without such a
/// line are somebody else's and stay. Errors: kMalformed.
Result<std::optional<std::string>> with_certificates(std::string_view configuration,
                                                     std::span<const BundleEntry> ours,
                                                     WallTime now);

}  // namespace podcron::inbound

#include "controller/inbound/webhook_bundle.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "controller/config/kubeconfig.h"

namespace podcron::inbound {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMark = "# podcron ";
constexpr std::string_view kUntil = " until ";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";

std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

struct Bundle {
  std::string foreign;  // as it stands there
  std::vector<BundleEntry> entries;
};

/// "<owner> until <time>" of a marked certificate; false: it is not ours.
bool read_mark(std::string_view line, BundleEntry& entry) {
  const auto until = line.find(kUntil);
  if (until == std::string_view::npos) return false;
  const auto time = parse_rfc3339(line.substr(until + kUntil.size()));
  if (!time) return false;
  entry.owner = line.substr(0, until);
  entry.until = *time;
  return true;
}

Bundle read_bundle(std::string_view text) {
  Bundle bundle;
  while (!text.empty()) {
    const auto end = text.find(kEnd);
    const std::size_t size = end == std::string_view::npos ? text.size() : end + kEnd.size();
    const std::string_view part = text.substr(0, size);
    text.remove_prefix(size);
    BundleEntry entry;
    const auto line_end = part.find('\n');
    const bool marked = part.starts_with(kMark) && line_end != std::string_view::npos &&
                        read_mark(part.substr(kMark.size(), line_end - kMark.size()), entry);
    if (!marked) {
      bundle.foreign += part;
      continue;
    }
    entry.pem = part.substr(line_end + 1);
    bundle.entries.push_back(std::move(entry));
  }
  return bundle;
}

std::string write_bundle(const Bundle& bundle) {
  std::string text = bundle.foreign;
  if (!text.empty() && text.back() != '\n') text += '\n';
  for (const BundleEntry& entry : bundle.entries) {
    text +=
        fmt::format("{}{}{}{}\n{}", kMark, entry.owner, kUntil, to_rfc3339(entry.until), entry.pem);
  }
  return text;
}

/// An owner is "<pod>_<process>".
std::string_view pod_of(std::string_view owner) { return owner.substr(0, owner.rfind('_')); }

std::string renewed(std::string_view old, std::span<const BundleEntry> ours, WallTime now) {
  Bundle bundle = read_bundle(old);
  const auto is_ours = [&](const BundleEntry& entry) {
    return std::any_of(ours.begin(), ours.end(), [&](const BundleEntry& own) {
      return own.owner == entry.owner && own.pem == entry.pem;
    });
  };
  std::erase_if(bundle.entries,
                [&](const BundleEntry& entry) { return entry.until <= now && !is_ours(entry); });
  for (const BundleEntry& own : ours) {
    const bool there = std::any_of(bundle.entries.begin(), bundle.entries.end(),
                                   [&](const BundleEntry& entry) { return entry.pem == own.pem; });
    if (!there) bundle.entries.push_back(own);
  }
  // First goes what a newer process of the same pod has left behind, as one does that is restarted
  // again and again: it must not take the place of those that run.
  const auto worth = [&](const BundleEntry& entry) {
    const bool outlived =
        std::any_of(bundle.entries.begin(), bundle.entries.end(), [&](const BundleEntry& other) {
          return other.owner != entry.owner && pod_of(other.owner) == pod_of(entry.owner) &&
                 other.until > entry.until;
        });
    return std::tuple(is_ours(entry), !outlived, entry.until);
  };
  while (bundle.entries.size() > kBundleEntriesMax) {
    const auto first =
        std::min_element(bundle.entries.begin(), bundle.entries.end(),
                         [&](const auto& a, const auto& b) { return worth(a) < worth(b); });
    bundle.entries.erase(first);
  }
  return write_bundle(bundle);
}

}  // namespace

Result<std::optional<std::string>> with_certificates(std::string_view configuration,
                                                     std::span<const BundleEntry> ours,
                                                     WallTime now) {
  Json json = Json::parse(configuration, nullptr, false);
  if (!json.is_object() || !json.contains("webhooks") || !json["webhooks"].is_array()) {
    return fail(ErrorCode::kMalformed, "webhooks: missing, wanted a list");
  }
  bool changed = false;
  for (Json& webhook : json["webhooks"]) {
    if (!webhook.is_object() || !webhook["clientConfig"].is_object()) {
      return fail(ErrorCode::kMalformed, "webhooks[].clientConfig: missing, wanted an object");
    }
    Json& bundle = webhook["clientConfig"]["caBundle"];
    // What is no base64 cannot have come from here and helps nobody.
    const auto old = bundle.is_string()
                         ? config::decode_base64(bundle.get_ref<const std::string&>())
                         : Result<std::string>("");
    std::string next = renewed(old.value_or(""), ours, now);
    if (old && next == *old) continue;
    bundle = encode_base64(next);
    changed = true;
  }
  if (!changed) return std::nullopt;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace podcron::inbound

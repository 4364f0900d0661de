#include "controller/config/strategy_services.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "controller/config/file_text.h"

namespace podcron::config {
namespace {

constexpr std::size_t kFileBytesMax = 1u << 20;
constexpr std::size_t kNameBytesMax = 63;
constexpr int kTimeoutSecondsMax = 30;
constexpr std::string_view kKeys = "name, url, caFile, ca, serverName, tokenFile, timeoutSeconds";

/// Where we are, for messages: "services.yaml: services[0]".
struct Place {
  std::string path;
  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", path, what));
  }
};

bool is_name(std::string_view text) {
  const auto inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= kNameBytesMax && text.front() != '-' &&
         text.back() != '-' && std::all_of(text.begin(), text.end(), inner);
}

Result<Millis> timeout_in(const std::string& text, const Place& place) {
  if (text.empty()) return Seconds{kTimeoutSecondsMax};
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 1 ||
      seconds > kTimeoutSecondsMax) {
    return place.wrong(fmt::format("timeoutSeconds: got \"{}\", wanted a whole number from 1 to {}",
                                   text, kTimeoutSecondsMax));
  }
  return Seconds{seconds};
}

/// "/choose" of "https://host/choose"; "/" when there is none.
std::string path_in(const std::string& url) {
  const std::size_t slash = url.find('/', std::string_view("https://").size());
  return slash == std::string::npos ? "/" : url.substr(slash);
}

/// The texts of one entry; every key is known and a scalar.
struct Entry {
  std::string name, url, ca_file, ca, server_name, token_file, timeout;

  Result<void> read(const YAML::Node& node, const Place& place) {
    if (!node.IsMap()) return place.wrong("got no map, wanted one with name and url");
    for (const auto& field : node) {
      const auto key = field.first.as<std::string>();
      std::string* const text = key == "name"             ? &name
                                : key == "url"            ? &url
                                : key == "caFile"         ? &ca_file
                                : key == "ca"             ? &ca
                                : key == "serverName"     ? &server_name
                                : key == "tokenFile"      ? &token_file
                                : key == "timeoutSeconds" ? &timeout
                                                          : nullptr;
      if (text == nullptr) {
        return place.wrong(fmt::format("got the key \"{}\", wanted one of {}", key, kKeys));
      }
      if (!field.second.IsScalar()) return place.wrong(key + ": got no text, wanted one");
      *text = field.second.as<std::string>();
    }
    return {};
  }
};

Result<StrategyService> service_of(const Entry& entry, const Place& place,
                                   const std::filesystem::path& directory) {
  if (!is_name(entry.name)) {
    return place.wrong(
        fmt::format("name: got \"{}\", wanted lowercase letters, digits and '-', at "
                    "most {} characters",
                    entry.name, kNameBytesMax));
  }
  StrategyService service;
  service.name = entry.name;
  if (auto set = set_server(service.access, entry.url); !set) {
    return place.wrong("url: " + set.error().message);
  }
  service.path = path_in(entry.url);
  service.access.path_prefix.clear();
  service.access.tls_server_name = entry.server_name;
  service.access.origin = place.path;
  if (!entry.ca.empty() && !entry.ca_file.empty()) {
    return place.wrong("got both ca and caFile, wanted one of them");
  }
  service.access.ca.text = entry.ca;
  if (!entry.ca_file.empty()) {
    service.access.ca.path = (directory / entry.ca_file).string();
    if (auto read = read_file(service.access.ca.path, kFileBytesMax); !read) {
      return place.wrong("caFile: " + read.error().message);
    }
  }
  if (!entry.token_file.empty()) {
    service.access.token_file = (directory / entry.token_file).string();
  }
  auto timeout = timeout_in(entry.timeout, place);
  if (!timeout) return tl::unexpected(timeout.error());
  service.timeout = *timeout;
  return service;
}

Result<std::vector<StrategyService>> read_root(const YAML::Node& root, const std::string& path) {
  const Place place{path};
  const YAML::Node list = root.IsMap() ? root["services"] : YAML::Node();
  if (!root.IsMap() || root.size() != 1 || !list || !list.IsSequence()) {
    return place.wrong("wanted a map with the one key services, a list");
  }
  if (list.size() > kStrategyServicesMax) {
    return place.wrong(
        fmt::format("services: got {}, wanted at most {}", list.size(), kStrategyServicesMax));
  }
  const std::filesystem::path directory = std::filesystem::absolute(path).parent_path();
  std::vector<StrategyService> services;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Place at{fmt::format("{}: services[{}]", path, i)};
    Entry entry;
    if (auto read = entry.read(list[i], at); !read) return tl::unexpected(read.error());
    auto service = service_of(entry, at, directory);
    if (!service) return tl::unexpected(service.error());
    if (std::any_of(services.begin(), services.end(),
                    [&](const auto& other) { return other.name == service->name; })) {
      return at.wrong(fmt::format("name: \"{}\" stands there twice", service->name));
    }
    services.push_back(std::move(*service));
  }
  return services;
}

}  // namespace

Result<std::vector<StrategyService>> read_strategy_services(const std::string& path) {
  auto text = read_file(path, kFileBytesMax);
  if (!text) return tl::unexpected(text.error());
  // yaml-cpp speaks in exceptions; they end here.
  try {
    return read_root(YAML::Load(*text), path);
  } catch (const YAML::ParserException& error) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{}:{}:{}: not YAML: {}", path, error.mark.line + 1,
                            error.mark.column + 1, error.msg));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kMalformed, fmt::format("{}: {}", path, error.what()));
  }
}

std::map<std::string, Millis> longest_waits(const std::vector<StrategyService>& services) {
  std::map<std::string, Millis> waits;
  for (const StrategyService& service : services) waits[service.name] = service.timeout;
  return waits;
}

}  // namespace podcron::config

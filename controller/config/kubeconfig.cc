#include "controller/config/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "controller/config/file_text.h"

namespace podcron::config {
namespace {

constexpr std::size_t kPemBytesMax = 1u << 20;

/// Where we are in the file, for messages: "admin.conf: users[admin].user".
struct Place {
  std::string path;
  [[nodiscard]] tl::unexpected<Error> wrong(ErrorCode code, std::string_view what) const {
    return fail(code, fmt::format("{}: {}", path, what));
  }
};

/// A scalar as text; "" when absent. Not as bool or number: `yes` and `012` are texts here.
Result<std::string> text_at(const YAML::Node& map, const char* key, const Place& place) {
  const YAML::Node node = map[key];
  if (!node || node.IsNull()) return std::string();
  if (!node.IsScalar()) {
    return place.wrong(ErrorCode::kMalformed, fmt::format("{} is not a text", key));
  }
  return node.as<std::string>();
}

bool is_set(const YAML::Node& map, const char* key) {
  const YAML::Node node = map[key];
  return node && !node.IsNull() && !(node.IsScalar() && node.as<std::string>().empty());
}

/// The element of the list `list` whose name is `name`, and in it the map `inner`.
Result<YAML::Node> named(const YAML::Node& root, const char* list, const std::string& name,
                         const char* inner, const Place& place) {
  const YAML::Node elements = root[list];
  std::vector<std::string> names;
  if (elements && elements.IsSequence()) {
    for (const auto& element : elements) {
      if (!element.IsMap() || !element["name"] || !element["name"].IsScalar()) continue;
      names.push_back(element["name"].as<std::string>());
      if (names.back() != name) continue;
      const YAML::Node found = element[inner];
      if (found && found.IsMap()) return found;
      return place.wrong(ErrorCode::kMalformed,
                         fmt::format("{}[{}].{} is not a map", list, name, inner));
    }
  }
  return place.wrong(
      ErrorCode::kNotFound,
      fmt::format("{}: no \"{}\"; there is: {}", list, name,
                  names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "))));
}

/// `key` is a path relative to the kubeconfig, `key`-data base64; the latter wins, as in kubectl.
Result<PemSource> pem_at(const YAML::Node& map, const std::string& key, const Place& place,
                         const std::filesystem::path& directory) {
  PemSource source;
  const std::string data_key = key + "-data";
  auto encoded = text_at(map, data_key.c_str(), place);
  if (!encoded) return tl::unexpected(encoded.error());
  if (!encoded->empty()) {
    auto decoded = decode_base64(*encoded);
    if (!decoded) {
      return place.wrong(decoded.error().code,
                         fmt::format("{}: {}", data_key, decoded.error().message));
    }
    source.text = std::move(*decoded);
    return source;
  }
  auto file = text_at(map, key.c_str(), place);
  if (!file) return tl::unexpected(file.error());
  if (file->empty()) return source;
  source.path = (directory / *file).string();
  if (const auto readable = read_file(source.path, kPemBytesMax); !readable) {
    return place.wrong(readable.error().code, fmt::format("{}: {}", key, readable.error().message));
  }
  return source;
}

Result<void> read_cluster(const YAML::Node& cluster, const Place& place,
                          const std::filesystem::path& directory, ClusterAccess& access) {
  auto server = text_at(cluster, "server", place);
  if (!server) return tl::unexpected(server.error());
  if (auto set = set_server(access, *server); !set) {
    return place.wrong(set.error().code, "server: " + set.error().message);
  }
  auto insecure = text_at(cluster, "insecure-skip-tls-verify", place);
  if (!insecure) return tl::unexpected(insecure.error());
  if (!insecure->empty() && *insecure != "false") {
    return place.wrong(ErrorCode::kNotImplemented,
                       "insecure-skip-tls-verify is not supported: whoever answers would get the "
                       "credentials; give certificate-authority or certificate-authority-data");
  }
  if (is_set(cluster, "proxy-url")) {
    return place.wrong(ErrorCode::kNotImplemented, "proxy-url is not supported");
  }
  auto name = text_at(cluster, "tls-server-name", place);
  if (!name) return tl::unexpected(name.error());
  access.tls_server_name = std::move(*name);
  auto ca = pem_at(cluster, "certificate-authority", place, directory);
  if (!ca) return tl::unexpected(ca.error());
  access.ca = std::move(*ca);
  return {};
}

Result<void> refuse_unsupported_user(const YAML::Node& user, const Place& place) {
  constexpr const char* kInstead =
      "use a client certificate, token or tokenFile, for instance of a service account";
  for (const char* key : {"exec", "auth-provider", "username", "password", "as", "as-uid",
                          "as-groups", "as-user-extra"}) {
    if (is_set(user, key)) {
      return place.wrong(ErrorCode::kNotImplemented,
                         fmt::format("{} is not supported; {}", key, kInstead));
    }
  }
  return {};
}

Result<void> read_user(const YAML::Node& user, const Place& place,
                       const std::filesystem::path& directory, ClusterAccess& access) {
  if (auto supported = refuse_unsupported_user(user, place); !supported) return supported;
  auto certificate = pem_at(user, "client-certificate", place, directory);
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = pem_at(user, "client-key", place, directory);
  if (!key) return tl::unexpected(key.error());
  if (certificate->empty() != key->empty()) {
    return place.wrong(ErrorCode::kMalformed,
                       "client-certificate and client-key need each other; only one is there");
  }
  access.client_certificate = std::move(*certificate);
  access.client_key = std::move(*key);
  auto token_file = text_at(user, "tokenFile", place);
  if (!token_file) return tl::unexpected(token_file.error());
  if (!token_file->empty()) access.token_file = (directory / *token_file).string();
  auto token = text_at(user, "token", place);
  if (!token) return tl::unexpected(token.error());
  access.token = std::move(*token);
  return {};
}

Result<ClusterAccess> read_root(const YAML::Node& root, const std::string& path,
                                const std::string& wanted_context) {
  const Place place{path};
  if (!root.IsMap()) {
    return place.wrong(ErrorCode::kMalformed, "not a kubeconfig: the document is not a map");
  }
  std::string context_name = wanted_context;
  if (context_name.empty()) {
    auto current = text_at(root, "current-context", place);
    if (!current) return tl::unexpected(current.error());
    if (current->empty()) {
      return place.wrong(ErrorCode::kNotFound, "no current-context; say --context NAME");
    }
    context_name = std::move(*current);
  }
  auto context = named(root, "contexts", context_name, "context", place);
  if (!context) return tl::unexpected(context.error());
  const Place context_place{fmt::format("{}: contexts[{}].context", path, context_name)};
  auto cluster_name = text_at(*context, "cluster", context_place);
  if (!cluster_name) return tl::unexpected(cluster_name.error());
  auto user_name = text_at(*context, "user", context_place);
  if (!user_name) return tl::unexpected(user_name.error());
  auto namespace_name = text_at(*context, "namespace", context_place);
  if (!namespace_name) return tl::unexpected(namespace_name.error());

  ClusterAccess access;
  access.namespace_ = std::move(*namespace_name);
  access.origin = fmt::format("kubeconfig {}, context {}", path, context_name);
  const std::filesystem::path directory = std::filesystem::absolute(path).parent_path();
  auto cluster = named(root, "clusters", *cluster_name, "cluster", place);
  if (!cluster) return tl::unexpected(cluster.error());
  const Place cluster_place{fmt::format("{}: clusters[{}].cluster", path, *cluster_name)};
  if (auto read = read_cluster(*cluster, cluster_place, directory, access); !read) {
    return tl::unexpected(read.error());
  }
  if (user_name->empty()) return access;
  auto user = named(root, "users", *user_name, "user", place);
  if (!user) return tl::unexpected(user.error());
  const Place user_place{fmt::format("{}: users[{}].user", path, *user_name)};
  if (auto read = read_user(*user, user_place, directory, access); !read) {
    return tl::unexpected(read.error());
  }
  return access;
}

}  // namespace

Result<std::string> decode_base64(std::string_view text) {
  std::string result;
  std::uint32_t bits = 0;
  int bit_count = 0;
  std::size_t padding = 0;
  std::size_t symbols = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    ++symbols;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else {
      return fail(ErrorCode::kMalformed, "not base64: a character outside its alphabet");
    }
    if (padding > 0) return fail(ErrorCode::kMalformed, "not base64: text after the padding");
    bits = (bits << 6) | value;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      result += static_cast<char>((bits >> bit_count) & 0xff);
    }
  }
  if (symbols % 4 != 0 || padding > 2) {
    return fail(ErrorCode::kMalformed, "not base64: cut short, the length is not a multiple of 4");
  }
  return result;
}

Result<ClusterAccess> read_kubeconfig(const std::string& path, const std::string& context) {
  auto text = read_file(path, kKubeconfigBytesMax);
  if (!text) return tl::unexpected(Error{text.error().code, "kubeconfig " + text.error().message});
  // yaml-cpp speaks in exceptions; they end here.
  try {
    return read_root(YAML::Load(*text), path, context);
  } catch (const YAML::ParserException& error) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{}:{}:{}: not YAML: {}", path, error.mark.line + 1,
                            error.mark.column + 1, error.msg));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kMalformed, fmt::format("{}: not a kubeconfig: {}", path, error.what()));
  }
}

}  // namespace podcron::config

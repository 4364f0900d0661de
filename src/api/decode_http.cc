#include <charconv>

#include "api/decode.h"
#include "api/words.h"

namespace podcron::api {
namespace {

constexpr std::int32_t kPortMax = 65535;

void read_port(const Node& node, PortRef& out) {
  if (node.is_string()) return node.read(out.name);
  node.read(out.number);
  if (out.number < 1 || out.number > kPortMax) node.wanted("a number from 1 to 65535, or a name");
}

/// 204, "204" or "2xx".
void read_expected(const Node& node, StatusRange& out) {
  std::string_view text;
  if (!node.is_string()) {
    node.read(out.first);
    out.last = out.first;
    return;
  }
  node.read(text);
  const bool whole_class = text.size() == 3 && text.ends_with("xx");
  const std::string_view digits = whole_class ? text.substr(0, 1) : text;
  const auto [stopped, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out.first);
  if (error != std::errc{} || stopped != digits.data() + digits.size()) {
    return node.wanted("a status such as 204, or a class such as \"2xx\"");
  }
  if (whole_class) out.first *= 100;
  out.last = whole_class ? out.first + 99 : out.first;
}

void read_headers(const Node& node, std::vector<std::pair<std::string, std::string>>& out) {
  out.clear();
  node.items([&](const Node& item) {
    auto& header = out.emplace_back();
    item.fields([&](std::string_view key, const Node& value) {
      if (key == "name") value.read(header.first);
      if (key == "value") value.read(header.second);
    });
    if (header.first.empty()) item.missing("name");
  });
}

void read_tls(const Node& node, HttpTls& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "serverName") {
      value.read(out.server_name);
    } else if (key == "caBundle") {
      value.read(out.ca_bundle);
    } else if (key == "verification") {
      read_word(value, kTlsVerificationWords, out.verify);
    }
  });
}

/// What both forms have.
bool read_common(std::string_view key, const Node& value, HttpSpec& out) {
  if (key == "port") {
    read_port(value, out.port);
  } else if (key == "path") {
    value.read(out.path);
  } else if (key == "scheme") {
    read_word(value, kHttpSchemeWords, out.https);
  } else {
    return false;
  }
  return true;
}

void require_port(const Node& node, const HttpSpec& http) {
  if (http.port.number == 0 && http.port.name.empty()) node.missing("port");
}

}  // namespace

void read_http(const Node& node, HttpSpec& out) {
  node.fields([&](std::string_view key, const Node& value) {
    if (read_common(key, value, out)) return;
    if (key == "method") {
      read_word(value, kHttpMethodWords, out.method);
    } else if (key == "headers") {
      read_headers(value, out.headers);
    } else if (key == "body") {
      value.read(out.body);
    } else if (key == "tls") {
      read_tls(value, out.tls);
    } else if (key == "expectedStatus") {
      out.expected.clear();
      value.items([&](const Node& item) { read_expected(item, out.expected.emplace_back()); });
    } else if (key == "via") {
      read_word(value, kHttpViaWords, out.via_api_server);
    }
  });
  require_port(node, out);
}

void read_http_get(const Node& node, HttpSpec& out) {
  out.method = HttpMethod::kGet;
  // As the kubelet's probes: nothing is verified, and what redirects is alive.
  out.tls.verify = false;
  out.expected = {StatusRange{200, 399}};
  node.fields([&](std::string_view key, const Node& value) {
    if (read_common(key, value, out)) return;
    if (key == "httpHeaders") read_headers(value, out.headers);
  });
  require_port(node, out);
}

}  // namespace podcron::api

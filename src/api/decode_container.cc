#include "api/decode.h"
#include "base/hash.h"

namespace podcron::api {
namespace {

/// "shop" of "registry.example:5000/team/shop:1.4@sha256:...": what is left when a registry is
/// rewritten or a tag is pinned.
std::string_view image_name(std::string_view reference) {
  reference = reference.substr(0, reference.find('@'));
  if (const auto slash = reference.rfind('/'); slash != std::string_view::npos) {
    reference.remove_prefix(slash + 1);
  }
  return reference.substr(0, reference.find(':'));
}

/// 0 for an empty list.
std::uint64_t hash_of_words(const Node& list) {
  std::uint64_t hash = 0;
  list.items([&](const Node& item) {
    std::string_view word;
    item.read(word);
    hash = hash_combine(hash, hash64(word));
  });
  return hash;
}

}  // namespace

void read_container(const Node& node, ContainerSpec& out) {
  std::uint64_t command = 0;
  std::uint64_t args = 0;
  node.fields([&](std::string_view key, const Node& value) {
    if (key == "name") {
      value.read(out.name);
    } else if (key == "stdin") {
      value.read(out.stdin_open);
    } else if (key == "tty") {
      value.read(out.tty);
    } else if (key == "readinessProbe") {
      out.has_readiness_probe = true;
    } else if (key == "image") {
      std::string_view image;
      value.read(image);
      out.image = hash64(image);
      out.image_name = hash64(image_name(image));
    } else if (key == "command") {
      command = hash_of_words(value);
    } else if (key == "args") {
      args = hash_of_words(value);
    }
  });
  if (command != 0 || args != 0) out.process = hash_combine(command, args);
  if (out.name.empty()) node.missing("name");
}

}  // namespace podcron::api

// An IP address as bytes, from its text: to judge what kind of address a pod claims to have.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace podcron::reconcile {

/// IPv4 addresses are held as IPv4-mapped ones (::ffff:a.b.c.d), so that one address has one form.
class IpAddress {
 public:
  /// "10.1.2.3", "fd00::1", "::ffff:10.1.2.3". No zone, no prefix length, no brackets, no leading
  /// zeros in IPv4 (some read them as octal). nullopt for anything else. Source: RFC 4291.
  static std::optional<IpAddress> parse(std::string_view text);

  /// The IPv4 address inside, also of a NAT64 (64:ff9b::/96) or 6to4 (2002::/16) one: what a
  /// connection would reach in the end.
  [[nodiscard]] std::optional<std::array<std::uint8_t, 4>> ipv4() const;

  [[nodiscard]] bool loopback() const;     // 127.0.0.0/8, ::1
  [[nodiscard]] bool link_local() const;   // 169.254.0.0/16, fe80::/10
  [[nodiscard]] bool multicast() const;    // 224.0.0.0/4, ff00::/8
  [[nodiscard]] bool unspecified() const;  // 0.0.0.0/8, ::
  [[nodiscard]] bool reserved() const;     // 240.0.0.0/4 with broadcast

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace podcron::reconcile

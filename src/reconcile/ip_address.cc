#include "reconcile/ip_address.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace podcron::reconcile {
namespace {

constexpr std::size_t kGroups = 8;
constexpr std::size_t kBytes = 16;

bool is_zero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

/// Takes a number off the front; nullopt when there is none or it is too large or too long.
std::optional<unsigned> take_number(std::string_view& text, int base, unsigned most,
                                    std::size_t digits_max) {
  unsigned value = 0;
  const auto [stopped, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, base);
  const auto length = static_cast<std::size_t>(stopped - text.data());
  if (error != std::errc{} || length > digits_max || value > most) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const bool leading_zero = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
    const auto number = take_number(text, 10, 255, 3);
    if (!number || leading_zero) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*number);
  }
  if (!text.empty()) return std::nullopt;
  return bytes;
}

/// Groups of one side of "::", or of a whole address. False: malformed, or more than eight.
bool parse_groups(std::string_view text, std::array<std::uint8_t, kBytes>& out,
                  std::size_t& count) {
  count = 0;
  while (!text.empty()) {
    const bool last = text.find(':') == std::string_view::npos;
    if (last && text.find('.') != std::string_view::npos) {
      const auto tail = parse_ipv4(text);
      if (!tail || count + 2 > kGroups) return false;
      std::copy(tail->begin(), tail->end(), out.begin() + static_cast<std::ptrdiff_t>(2 * count));
      count += 2;
      return true;
    }
    const auto group = take_number(text, 16, 0xffff, 4);
    if (!group || count == kGroups) return false;
    out[2 * count] = static_cast<std::uint8_t>(*group >> 8);
    out[2 * count + 1] = static_cast<std::uint8_t>(*group & 0xff);
    ++count;
    if (text.empty()) return true;
    if (!text.starts_with(':') || text.size() == 1) return false;
    text.remove_prefix(1);
  }
  return true;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress address;
  if (text.find(':') == std::string_view::npos) {
    const auto ipv4 = parse_ipv4(text);
    if (!ipv4) return std::nullopt;
    address.bytes_[10] = address.bytes_[11] = 0xff;
    std::copy(ipv4->begin(), ipv4->end(), address.bytes_.begin() + 12);
    return address;
  }
  const auto gap = text.find("::");
  std::size_t front = 0;
  if (gap == std::string_view::npos) {
    if (!parse_groups(text, address.bytes_, front) || front != kGroups) return std::nullopt;
    return address;
  }
  std::array<std::uint8_t, kBytes> tail{};
  std::size_t back = 0;
  if (!parse_groups(text.substr(0, gap), address.bytes_, front) ||
      !parse_groups(text.substr(gap + 2), tail, back) || front + back >= kGroups) {
    return std::nullopt;
  }
  std::copy_n(tail.begin(), 2 * back,
              address.bytes_.begin() + static_cast<std::ptrdiff_t>(kBytes - 2 * back));
  return address;
}

std::optional<std::array<std::uint8_t, 4>> IpAddress::ipv4() const {
  const std::span<const std::uint8_t> all(bytes_);
  const auto at = [&](std::size_t index) {
    return std::array{bytes_[index], bytes_[index + 1], bytes_[index + 2], bytes_[index + 3]};
  };
  const bool mapped = is_zero(all.first(10)) && bytes_[10] == 0xff && bytes_[11] == 0xff;
  const bool compatible = is_zero(all.first(12)) && !is_zero(all.subspan(12, 3));
  const bool nat64 = bytes_[0] == 0 && bytes_[1] == 0x64 && bytes_[2] == 0xff && bytes_[3] == 0x9b;
  if (mapped || compatible || nat64) return at(12);
  if (bytes_[0] == 0x20 && bytes_[1] == 0x02) return at(2);
  return std::nullopt;
}

bool IpAddress::loopback() const {
  if (const auto v4 = ipv4()) return (*v4)[0] == 127;
  return is_zero(std::span(bytes_).first(15)) && bytes_[15] == 1;
}

bool IpAddress::link_local() const {
  if (const auto v4 = ipv4()) return (*v4)[0] == 169 && (*v4)[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::multicast() const {
  if (const auto v4 = ipv4()) return (*v4)[0] >= 224 && (*v4)[0] < 240;
  return bytes_[0] == 0xff;
}

bool IpAddress::unspecified() const {
  if (const auto v4 = ipv4()) return (*v4)[0] == 0;
  return is_zero(bytes_);
}

bool IpAddress::reserved() const {
  const auto v4 = ipv4();
  return v4 && (*v4)[0] >= 240;
}

}  // namespace podcron::reconcile

#include "kube/splitter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kube/byte_masks.h"

namespace podcron::kube {
namespace {

/// A List without its items is about 100 bytes; a Status stays far below this too. More than this
/// is no answer of an API server: the rest is ignored, and so there is no PageEnd.
constexpr std::size_t kEnvelopeBytesMax = 64 * 1024;
constexpr std::size_t kKeptBytesMax = 256 * 1024;

/// Every bit is the exclusive or of itself and all bits below.
std::uint64_t prefix_xor(std::uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

/// The bytes hidden by a backslash before them. A run of backslashes hides every second byte,
/// counted from its own start. `carry` is 1 when the byte before the block was such a backslash.
/// Source: Langdale and Lemire, "Parsing gigabytes of JSON per second", section 3.1.1.
std::uint64_t escaped_bytes(std::uint64_t backslashes, std::uint64_t carry) {
  backslashes &= ~carry;
  constexpr std::uint64_t kEven = 0x5555555555555555ULL;
  const std::uint64_t after = backslashes << 1 | carry;
  const std::uint64_t odd_starts = backslashes & ~kEven & ~after;
  const std::uint64_t even_runs = odd_starts + backslashes;
  return (kEven ^ even_runs << 1) & after;
}

/// Whether the last byte of a block of 64 hides the first one of the next.
std::uint64_t carry_of(std::uint64_t backslashes, std::uint64_t escaped) {
  return (backslashes & ~escaped) >> 63;
}

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void BracketScanner::begin() {
  depth_ = 0;
  in_string_ = 0;
  escaped_ = 0;
}

std::size_t BracketScanner::scan(std::string_view bytes) {
  std::size_t at = 0;
  for (; bytes.size() - at >= kBlockBytes; at += kBlockBytes) {
    const std::size_t end = scan_block(bytes.data() + at, kBlockBytes);
    if (end != std::string_view::npos) return at + end;
  }
  if (at == bytes.size()) return std::string_view::npos;
  std::array<char, kBlockBytes> last;
  last.fill(' ');
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), last.begin());
  const std::size_t end = scan_block(last.data(), bytes.size() - at);
  return end == std::string_view::npos ? end : at + end;
}

std::size_t BracketScanner::scan_block(const char* block, std::size_t size) {
  const ByteMasks masks = masks_of(block);
  std::uint64_t escaped = escaped_;
  if (masks.backslash != 0) {
    escaped = escaped_bytes(masks.backslash, escaped_);
    // Behind the last byte of a short block stand blanks: the first one shows what is carried.
    escaped_ = size == kBlockBytes ? carry_of(masks.backslash, escaped) : escaped >> size & 1;
  } else {
    escaped_ = 0;
  }
  const std::uint64_t inside = prefix_xor(masks.quote & ~escaped) ^ in_string_;
  in_string_ = 0 - (inside >> 63);
  const std::uint64_t open = masks.open & ~inside & ~escaped;
  const std::uint64_t close = masks.close & ~inside & ~escaped;
  const auto closes = static_cast<std::uint64_t>(std::popcount(close));
  // Deep inside an object, where most bytes are, no bracket needs to be looked at alone.
  if (closes < depth_) {
    depth_ += static_cast<std::uint64_t>(std::popcount(open)) - closes;
    return std::string_view::npos;
  }
  for (std::uint64_t left = open | close; left != 0; left &= left - 1) {
    if ((open & left & (0 - left)) != 0) {
      ++depth_;
    } else if (--depth_ == 0) {
      return static_cast<std::size_t>(std::countr_zero(left)) + 1;
    }
  }
  return std::string_view::npos;
}

void PieceBuffer::keep(std::string_view part) {
  if (handed_out_) {
    // Not clear() alone: one huge object must not hold its memory for the life of the stream.
    kept_.capacity() > kKeptBytesMax ? void(kept_ = std::string()) : kept_.clear();
    handed_out_ = false;
  }
  size_ += part.size();
  if (size_ <= bytes_max_) {
    kept_ += part;
  } else {
    kept_ = std::string();
  }
}

Piece PieceBuffer::finish(std::string_view part) {
  const std::size_t size = size_ + part.size();
  Piece piece{PieceKind::kObject, part};
  if (size > bytes_max_) {
    piece = {PieceKind::kOversized, {}};
  } else if (size_ != 0) {
    keep(part);
    piece.bytes = kept_;
  }
  handed_out_ = true;
  size_ = 0;
  return piece;
}

std::optional<Piece> ListSplitter::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    std::optional<Piece> piece;
    switch (place_) {
      case Place::kBefore:
        if (!is_blank(bytes.front())) {
          // What does not begin like an object (a proxy's HTML) has nothing to say to us.
          place_ = bytes.front() == '{' ? Place::kEnvelope : Place::kAfter;
        } else {
          bytes.remove_prefix(1);
        }
        break;
      case Place::kEnvelope:
        piece = in_envelope(bytes);
        break;
      case Place::kItems:
        in_items(bytes);
        break;
      case Place::kItem:
        piece = in_item(bytes);
        break;
      case Place::kScalarItem:
        piece = in_scalar_item(bytes);
        break;
      case Place::kAfter:
        bytes = {};
        break;
    }
    if (piece) return piece;
  }
  return std::nullopt;
}

std::optional<Piece> ListSplitter::in_envelope(std::string_view& bytes) {
  while (!bytes.empty() && place_ == Place::kEnvelope) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    envelope_ += c;
    envelope_byte(c);
    if (envelope_.size() > kEnvelopeBytesMax) {
      place_ = Place::kAfter;
    } else if (depth_ == 0) {
      place_ = Place::kAfter;
      return Piece{PieceKind::kEnvelope, envelope_};
    }
  }
  return std::nullopt;
}

void ListSplitter::envelope_byte(char c) {
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    in_string_ = !in_string_;
    if (depth_ != 1 || !wants_key_) return;
    if (in_string_) {
      key_at_ = envelope_.size();
    } else {
      key_is_items_ = std::string_view(envelope_).substr(key_at_) == "items\"";
      wants_key_ = false;
    }
  } else if (in_string_) {
    return;
  } else if (c == '{' || c == '[') {
    if (depth_ == 1 && c == '[' && key_is_items_) {
      place_ = Place::kItems;
    } else {
      ++depth_;
      wants_key_ = depth_ == 1;
    }
  } else if (c == '}' || c == ']') {
    --depth_;
  } else if (c == ',' && depth_ == 1) {
    wants_key_ = true;
    key_is_items_ = false;
  }
}

void ListSplitter::in_items(std::string_view& bytes) {
  const char c = bytes.front();
  if (c == '{' || c == '[') {
    scanner_.begin();
    place_ = Place::kItem;
    return;
  }
  if (c != ',' && c != ']' && !is_blank(c)) {
    in_string_ = escaped_ = false;
    place_ = Place::kScalarItem;
    return;
  }
  bytes.remove_prefix(1);
  if (c == ']') {
    envelope_ += c;
    key_is_items_ = false;
    place_ = Place::kEnvelope;
  }
}

std::optional<Piece> ListSplitter::in_item(std::string_view& bytes) {
  const std::size_t size = scanner_.scan(bytes);
  if (size == std::string_view::npos) {
    item_.keep(bytes);
    bytes = {};
    return std::nullopt;
  }
  const Piece piece = item_.finish(bytes.substr(0, size));
  bytes.remove_prefix(size);
  place_ = Place::kItems;
  return piece;
}

std::optional<Piece> ListSplitter::in_scalar_item(std::string_view& bytes) {
  std::size_t size = 0;
  for (; size < bytes.size(); ++size) {
    const char c = bytes[size];
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = !in_string_;
    } else if (!in_string_ && (c == ',' || c == ']')) {
      break;
    }
  }
  if (size == bytes.size()) {
    item_.keep(bytes);
    bytes = {};
    return std::nullopt;
  }
  const Piece piece = item_.finish(bytes.substr(0, size));
  bytes.remove_prefix(size);
  in_string_ = escaped_ = false;
  place_ = Place::kItems;
  return piece;
}

std::optional<Piece> LineSplitter::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) {
      line_.keep(bytes);
      bytes = {};
      return std::nullopt;
    }
    const Piece piece = line_.finish(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
    const bool blank = std::all_of(piece.bytes.begin(), piece.bytes.end(), is_blank);
    if (piece.kind == PieceKind::kOversized || !blank) return piece;
  }
  return std::nullopt;
}

std::optional<Piece> LineSplitter::rest() {
  if (line_.empty()) return std::nullopt;
  const Piece piece = line_.finish({});
  const bool blank = std::all_of(piece.bytes.begin(), piece.bytes.end(), is_blank);
  return piece.kind == PieceKind::kOversized || !blank ? std::optional(piece) : std::nullopt;
}

}  // namespace podcron::kube

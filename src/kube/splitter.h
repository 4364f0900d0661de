// Finds where objects begin and end in the bytes of a LIST or a WATCH, in any pieces, without
// parsing them.
//
// Both splitters are pulled: next() takes what it needs from the front of `bytes` and returns one
// whole piece, or nullopt when `bytes` is used up. A piece lives until the next call and points
// into `bytes` where it can, so that a piece inside one read of the socket is not copied here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podcron::kube {

enum class PieceKind : std::uint8_t {
  kObject,     // one item of the list, or one line of the watch
  kOversized,  // it was larger than the bound; `bytes` is empty
  kEnvelope,   // the List object with empty items: its metadata, or a Status
};

struct Piece {
  PieceKind kind = PieceKind::kObject;
  std::string_view bytes;
};

/// Where a bracketed JSON value ends: brackets are counted outside strings, 64 bytes at a time.
/// A backslash hides the byte after it everywhere; outside strings that is not JSON anyway.
/// Cost: about 0.3 ns a byte with SSE2.
class BracketScanner {
 public:
  /// The value begins with the next byte, which is its opening bracket.
  void begin();
  /// Bytes of `bytes` up to and with the closing bracket; npos when it is not among them.
  std::size_t scan(std::string_view bytes);

 private:
  std::size_t scan_block(const char* block, std::size_t size);

  std::uint64_t depth_ = 0;
  std::uint64_t in_string_ = 0;  // all ones inside a string
  std::uint64_t escaped_ = 0;    // 1 when the next byte is
};

/// A piece that may be spread over several reads, at most `bytes_max` of it kept.
class PieceBuffer {
 public:
  explicit PieceBuffer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// More is to come.
  void keep(std::string_view part);
  /// `part` is the end. The result lives until the next keep() or finish().
  Piece finish(std::string_view part);
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  std::size_t bytes_max_;
  std::size_t size_ = 0;  // of what came, also of what was too much to keep
  std::string kept_;
  bool handed_out_ = false;
};

/// One List object: the items of its top-level "items" one by one, then all the rest of it.
class ListSplitter {
 public:
  explicit ListSplitter(std::size_t object_bytes_max) : item_(object_bytes_max) {}
  std::optional<Piece> next(std::string_view& bytes);

 private:
  enum class Place : std::uint8_t { kBefore, kEnvelope, kItems, kItem, kScalarItem, kAfter };

  std::optional<Piece> in_envelope(std::string_view& bytes);
  void envelope_byte(char c);
  void in_items(std::string_view& bytes);
  std::optional<Piece> in_item(std::string_view& bytes);
  std::optional<Piece> in_scalar_item(std::string_view& bytes);

  Place place_ = Place::kBefore;
  std::string envelope_;
  std::size_t depth_ = 0;  // in the envelope
  bool in_string_ = false;
  bool escaped_ = false;
  bool wants_key_ = false;  // the next string at depth 1 is a key
  std::size_t key_at_ = 0;  // where it begins in the envelope
  bool key_is_items_ = false;
  BracketScanner scanner_;
  PieceBuffer item_;
};

/// Lines; empty ones are skipped.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t line_bytes_max) : line_(line_bytes_max) {}
  std::optional<Piece> next(std::string_view& bytes);
  /// The line that the end of the body cut off, if there is one.
  std::optional<Piece> rest();

 private:
  PieceBuffer line_;
};

}  // namespace podcron::kube

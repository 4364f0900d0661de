// Bytes of a LIST page or a WATCH stream, in any pieces, to StreamItems.
//
// Runs on the I/O thread that reads the socket. Memory: the largest single object, at most
// kObjectBytesMax; a larger one is skipped and reported as Undecodable. (simdjson's tables take
// another 14 bytes for each byte of the largest object; they shrink again.)
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "kube/stream_item.h"

namespace podcron::kube {

/// etcd refuses objects beyond 1.5 MiB; JSON with managedFields can be larger than what is stored.
inline constexpr std::size_t kObjectBytesMax = 8u << 20;

class StreamDecoder {
 public:
  /// `watch`: newline-separated events; else one List object.
  StreamDecoder(ObjectKind kind, bool watch);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;

  /// Appends the items that `bytes` complete. Cost: linear in the bytes.
  void feed(std::string_view bytes, std::vector<StreamItem>& out);
  /// The body ended in order. A LIST cut short yields no PageEnd, so nothing is swept.
  void finish(std::vector<StreamItem>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podcron::kube

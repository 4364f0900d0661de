// The story of one simulation as text: the same seed tells it in the same bytes.
//
// Costs nothing when it is off, because a line is only put together when somebody listens.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "simulation/timeline.h"

namespace podcron::simulation {

/// "00:03:12.500".
std::string clock_text(VirtualTime time);

class Trace {
 public:
  using Sink = std::function<void(std::string_view line)>;

  explicit Trace(const Timeline& timeline) : timeline_(timeline) {}

  void listen(Sink sink) { sink_ = std::move(sink); }
  [[nodiscard]] bool on() const { return sink_ != nullptr; }

  /// `who` says whose doing it is: a replica, "server", "cluster", "user".
  template <class... Arguments>
  void line(std::string_view who, fmt::format_string<Arguments...> format,
            Arguments&&... arguments) {
    if (!on()) return;
    sink_(fmt::format("{} {:<14} {}\n", clock_text(timeline_.now()), who,
                      fmt::format(format, std::forward<Arguments>(arguments)...)));
  }

 private:
  const Timeline& timeline_;
  Sink sink_;
};

}  // namespace podcron::simulation

// A run's time limits, and its end before its time: deadline, deletion, shutdown.
#include <algorithm>

#include "observe/reasons.h"
#include "reconcile/run.h"

namespace podcron::reconcile {
namespace {

namespace reason = observe::reason;

/// Shorter runs never get a Running status: one write less for most.
constexpr Millis kRunningStatusAfter{1000};
/// A pod that is gone may still have its status under way for so long.
constexpr Millis kGoneGrace{2000};

}  // namespace

std::optional<MonoTime> Run::wake_at() const {
  if (stage_ != Stage::kRunning) return std::nullopt;
  MonoTime at = MonoTime::max();
  // What is given up only waits for its completions: the deadline and the Running status are past.
  if (first_dial_ && abandon_reason_.empty()) {
    at = *first_dial_ + Seconds{spec_.active_deadline_seconds};
    if (!running_written_) at = std::min(at, *first_dial_ + kRunningStatusAfter);
  }
  for (const Attempt& attempt : attempts_) {
    if (attempt.settle_until) at = std::min(at, *attempt.settle_until);
    if (attempt.probe_until && !attempt.hung_up) at = std::min(at, *attempt.probe_until);
    if (attempt.gone_at && attempt.progress == Progress::kDialling && !attempt.hung_up) {
      at = std::min(at, *attempt.gone_at + kGoneGrace);
    }
  }
  if (at == MonoTime::max()) return std::nullopt;
  return at;
}

/// Probes without an answer, and tasks whose pod is gone.
void Run::hang_up_late(Now now, std::vector<RunAction>& out) {
  for (std::uint32_t i = 0; i < attempts_.size(); ++i) {
    Attempt& attempt = attempts_[i];
    if (attempt.hung_up) continue;
    const bool gone = attempt.progress == Progress::kDialling && attempt.gone_at &&
                      now.mono >= *attempt.gone_at + kGoneGrace;
    const bool silent = attempt.probe_until && now.mono >= *attempt.probe_until;
    if (!gone && !silent) continue;
    attempt.hung_up = true;
    out.emplace_back(Hang{i});
  }
}

void Run::on_tick(Now now, std::vector<RunAction>& out) {
  if (stage_ != Stage::kRunning) return;
  hang_up_late(now, out);
  inspect_late(now, out);
  if (!first_dial_) return;
  if (now.mono >= *first_dial_ + Seconds{spec_.active_deadline_seconds}) {
    return abandon(now, reason::kDeadlineExceeded, out);
  }
  if (!running_written_ && now.mono >= *first_dial_ + kRunningStatusAfter) {
    running_written_ = true;
    status_.phase = api::PodJobPhase::kRunning;
    write(out);
  }
}

/// Nothing new is started; what runs is given up, and its end stays unknown.
void Run::abandon(Now now, std::string_view why, std::vector<RunAction>& out) {
  if (!abandon_reason_.empty()) return;
  abandon_reason_ = why;
  if (stage_ != Stage::kRunning) return;
  if (why == reason::kControllerShutdown && !ever_dialled()) {
    // Not dialled, so that another holder may still run it. A check under way is simply ignored.
    stage_ = Stage::kGivingBack;
    out.emplace_back(GiveBack{});
    return;
  }
  for (std::uint32_t i = 0; i < attempts_.size(); ++i) {
    Attempt& attempt = attempts_[i];
    const bool open =
        attempt.progress == Progress::kDialling || attempt.progress == Progress::kProbing;
    if (open && !attempt.hung_up) {
      attempt.hung_up = true;
      out.emplace_back(Hang{i});
    }
  }
  end_settling(now, out);
  advance(now, out);
}

}  // namespace podcron::reconcile

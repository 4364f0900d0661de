#include "simulation/ledger.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace podcron::simulation {

bool is_probe(std::span<const std::string> argv) {
  return !argv.empty() && argv.front() == kProbeProgram;
}

std::optional<TaskIdentity> task_of(std::span<const std::string> argv) {
  const auto program = std::find(argv.begin(), argv.end(), kTaskProgram);
  if (argv.end() - program != 7) return std::nullopt;
  return TaskIdentity{program[1], program[2], program[3], program[4], program[5], program[6]};
}

std::uint64_t Ledger::start(ProcessRecord process) {
  process.number = processes_.size();
  processes_.push_back(std::move(process));
  // A copy, because an observer may look at the ledger while it grows.
  const ProcessRecord started = processes_.back();
  for (const Observer& observer : on_start_) observer(started);
  return started.number;
}

void Ledger::end(std::uint64_t number, VirtualTime when, int exit_code) {
  PODCRON_ASSERT(number < processes_.size());
  ProcessRecord& process = processes_[number];
  PODCRON_ASSERT(!process.ended.has_value());
  process.ended = when;
  process.exit_code = exit_code;
}

const ProcessRecord& Ledger::process(std::uint64_t number) const {
  PODCRON_ASSERT(number < processes_.size());
  return processes_[number];
}

}  // namespace podcron::simulation

// kubectl-podcron: the only place of the plugin that touches the process around it.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <variant>

#include "cli/commands.h"
#include "controller/config/environment.h"

namespace podcron::cli {
namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

volatile std::sig_atomic_t g_interrupted = 0;

void note_interrupt(int /*signal*/) { g_interrupted = 1; }

/// Only while a command waits is Ctrl-C its own business: it says what goes on without it. A second
/// one ends the process at once.
bool pause(Millis time) {
  struct sigaction action = {};
  action.sa_handler = note_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  static const int installed = ::sigaction(SIGINT, &action, nullptr);
  const timespec nap{time.count() / 1000, time.count() % 1000 * 1'000'000};
  if (installed == 0 && g_interrupted == 0) ::nanosleep(&nap, nullptr);
  return g_interrupted == 0;
}

Surroundings look_around() {
  return {config::environment("KUBECONFIG"),
          config::environment("HOME"),
          ::isatty(STDOUT_FILENO) == 1 && config::environment("NO_COLOR").empty(),
          std::chrono::floor<Seconds>(std::chrono::system_clock::now()),
          say,
          pause};
}

void complain(const std::string& message) {
  std::fprintf(stderr, "kubectl podcron: %s\n", message.c_str());
}

struct Runner {
  Result<Printout> operator()(const HelpCommand& help) const { return Printout{help.text, {}, 0}; }
  Result<Printout> operator()(const VersionCommand& command) const { return run_version(command); }
  Result<Printout> operator()(const NextCommand& command) const {
    return run_next(command, look_around());
  }
  Result<Printout> operator()(const ExplainCommand& command) const {
    return run_explain(command, look_around());
  }
  Result<Printout> operator()(const SessionsCommand& command) const {
    return run_sessions(command, look_around());
  }
  Result<Printout> operator()(const WhyCommand& command) const {
    return run_why(command, look_around());
  }
  Result<Printout> operator()(const ConvertCommand& command) const { return run_convert(command); }
  Result<Printout> operator()(const RunCommand& command) const {
    return run_run(command, look_around());
  }
  Result<Printout> operator()(const RunsCommand& command) const {
    return run_runs(command, look_around());
  }
  Result<Printout> operator()(const SuspendCommand& command) const {
    return run_suspend(command, look_around());
  }
};

int run(int argc, const char* const* argv) {
  const auto command = parse_command_line(argc, argv);
  if (!command) {
    complain(command.error().message);
    return kUsageError;
  }
  const auto printout = std::visit(Runner{}, *command);
  if (!printout) {
    complain(printout.error().message);
    return kFailure;
  }
  std::fputs(printout->out.c_str(), stdout);
  if (std::fflush(stdout) != 0) {
    complain("standard output cannot be written");
    return kFailure;
  }
  for (const std::string& note : printout->notes) complain(note);
  return printout->exit_code;
}

}  // namespace
}  // namespace podcron::cli

int main(int argc, char** argv) {
  // Nothing of ours throws what it does not catch: this is a bug, said in one line.
  try {
    return podcron::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kubectl podcron: internal error: %s\n", error.what());
    return podcron::cli::kFailure;
  }
}

// kubectl-podcron: the only place of the plugin that touches the process around it.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <variant>

#include "cli/commands.h"
#include "controller/config/environment.h"

namespace podcron::cli {
namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;

Surroundings look_around() {
  return {config::environment("KUBECONFIG"), config::environment("HOME"),
          ::isatty(STDOUT_FILENO) == 1 && config::environment("NO_COLOR").empty(),
          std::chrono::floor<Seconds>(std::chrono::system_clock::now())};
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

int main(int argc, char** argv) { return podcron::cli::run(argc, argv); }

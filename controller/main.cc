// podcron: the composition root. Everything is made here, joined together, and taken apart again.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "controller/config/config.h"
#include "controller/handlers/performer.h"
#include "controller/inbound/listener.h"
#include "controller/inbound/session_webhook.h"
#include "controller/loop/engine_config.h"
#include "controller/loop/engine_loop.h"
#include "controller/loop/zone_files.h"
#include "engine/engine.h"
#include "podcron_version.h"

namespace podcron {
namespace {

constexpr Millis kStopMax{5'000};
constexpr Millis kZoneFilesPeriod{60'000};
constexpr int kUsageError = 2;

bool write_listen_file(const std::string& path, const std::string& address) {
  if (path.empty()) return true;
  std::FILE* const file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return false;
  const bool written = std::fprintf(file, "%s\n", address.c_str()) > 0;
  return std::fclose(file) == 0 && written;
}

int complain(const std::string& message) {
  std::fprintf(stderr, "podcron: %s\n", message.c_str());
  return kUsageError;
}

void read_zones(const std::string& directory, loop::Mailbox& mailbox) {
  mailbox.post(engine::ZonesReplaced{loop::read_zone_files(directory)});
}

int run(const config::Config& config) {
  telemetry::LogSink log(STDERR_FILENO, static_cast<engine::LogLevel>(config.log_threshold));
  auto credentials = net::Credentials::load(config.access, [&log](const Error& error) {
    log.write({engine::LogLevel::kWarning,
               "changed credentials cannot be used",
               {{"error", error.message}}});
  });
  if (!credentials) return complain(credentials.error().message);

  telemetry::MetricRegistry metrics(kVersion, kCommit);
  loop::Pulse pulse;
  const inbound::Endpoints endpoints(pulse, metrics);
  const auto mailbox = std::make_shared<loop::Mailbox>();
  net::IoThread io;
  auto listener = inbound::listen(io, config.listen, endpoints);
  if (!listener) return complain(listener.error().message);
  if (!write_listen_file(config.listen_file, (*listener)->address())) {
    return complain(fmt::format("--listen-file: {}: cannot be written", config.listen_file));
  }
  net::BeastHttp http = net::make_beast_http(io, *credentials);
  if (config.stream_transport == config::StreamTransportKind::kCpprest) {
    http.streams = net::make_cpprest_streams(*credentials);
  }
  engine::Engine engine(loop::engine_config(config));
  auto webhook =
      inbound::open_session_webhook(io, config, engine.holder(), http.requests, mailbox, log);
  if (!webhook) return complain(webhook.error().message);
  auto strategies = handlers::connect_strategy_services(io, config.strategy_services, log);
  if (!strategies) return complain("--strategy-services: " + strategies.error().message);
  handlers::Performer performer({io, http.requests, http.streams,
                                 net::make_beast_exec(io, *credentials), net::make_pod_http(io),
                                 net::make_beast_http(io, *credentials).requests, mailbox, log,
                                 metrics, *webhook, std::move(*strategies)});
  log.write({engine::LogLevel::kInfo,
             "podcron starts",
             {{"version", fmt::format("{} (commit {})", kVersion, kCommit)},
              {"cluster", config.access.origin},
              {"server", config.access.authority()},
              {"listen", (*listener)->address()},
              {"holder", engine.holder()}}});
  const auto watch = std::make_shared<loop::ZoneFilesWatch>(config.zoneinfo_dir);
  read_zones(config.zoneinfo_dir, *mailbox);
  io.every(kZoneFilesPeriod, [watch, &config, &mailbox = *mailbox] {
    if (watch->changed()) read_zones(config.zoneinfo_dir, mailbox);
  });
  loop::EngineLoop loop(
      {[&engine](Now now, engine::Input&& input, std::vector<engine::Effect>& effects) {
         return engine.step(now, std::move(input), effects);
       },
       [&engine] { return engine.health(); }},
      *mailbox, pulse, [&performer](auto& effects) { performer.perform(effects); });
  const int code = loop.run();

  const bool stopped = performer.stop(kStopMax);
  io.stop();
  log.write({engine::LogLevel::kInfo, "podcron ends", {{"exit_code", std::to_string(code)}}});
  // A call of cpprestsdk that will not end would use what static destructors take away.
  if (!stopped) std::_Exit(code);
  return code;
}

}  // namespace
}  // namespace podcron

int main(int argc, char** argv) {
  using namespace podcron;
  // Before any thread: they inherit the mask, and setenv is not safe beside them.
  loop::block_signals();
  auto invocation = config::parse_command_line(argc, argv);
  if (!invocation) return complain(invocation.error().message);
  if (!invocation->help.empty()) {
    std::fputs(invocation->help.c_str(), stdout);
    return 0;
  }
  if (invocation->show_version) {
    const std::string tzdata = loop::zone_files_version(invocation->zoneinfo_dir);
    std::fputs(
        fmt::format("podcron {} (commit {})\ntzdata {}\n", kVersion, kCommit, tzdata).c_str(),
        stdout);
    return 0;
  }
  net::prepare_cpprest();
  return run(*invocation->run);
}

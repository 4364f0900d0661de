// Performs engine::AskStrategy: one POST to a registered service, one StrategyReply.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "controller/config/strategy_services.h"
#include "controller/loop/mailbox.h"
#include "controller/net/factories.h"
#include "controller/telemetry/log_sink.h"
#include "engine/effects.h"

namespace podcron::handlers {

/// A service with connections of its own. Calls on the I/O thread.
struct StrategyService {
  std::shared_ptr<net::Transport> transport;
  std::string path;
};
using StrategyServices = std::map<std::string, StrategyService, std::less<>>;

/// Errors: as net::Credentials::load, naming the entry of the file.
Result<StrategyServices> connect_strategy_services(
    net::IoThread& io, const std::vector<config::StrategyService>& registered,
    telemetry::LogSink& log);

/// On the I/O thread. A service that is not there is an error in the reply.
void perform(engine::AskStrategy&& effect, const StrategyServices& services,
             loop::Mailbox& mailbox);

}  // namespace podcron::handlers

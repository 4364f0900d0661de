#include "controller/handlers/strategy_webhook.h"

#include <utility>

#include <fmt/format.h>

namespace podcron::handlers {

Result<StrategyServices> connect_strategy_services(
    net::IoThread& io, const std::vector<config::StrategyService>& registered,
    telemetry::LogSink& log) {
  StrategyServices services;
  for (const config::StrategyService& each : registered) {
    auto credentials =
        net::Credentials::load(each.access, [&log, name = each.name](const Error& error) {
          log.write({engine::LogLevel::kWarning,
                     "changed credentials of a strategy service cannot be used",
                     {{"service", name}, {"error", error.message}}});
        });
    if (!credentials) return tl::unexpected(credentials.error());
    services[each.name] = {net::make_beast_http(io, *credentials).requests, each.path};
  }
  return services;
}

void perform(engine::AskStrategy&& effect, const StrategyServices& services,
             loop::Mailbox& mailbox) {
  const engine::EffectId id = effect.id;
  const auto service = services.find(effect.service);
  if (service == services.end()) {
    return mailbox.post(
        engine::StrategyReply{id, 0, "", fmt::format("no service \"{}\"", effect.service)});
  }
  net::Request request;
  request.method = engine::Method::kPost;
  request.path = service->second.path;
  request.body = std::move(effect.body);
  request.timeout = effect.timeout;
  request.reply_bytes_max = engine::kStrategyReplyBytesMax;
  service->second.transport->start(id.value, std::move(request), [id, &mailbox](net::Reply reply) {
    mailbox.post(engine::StrategyReply{id, reply.head.status, std::move(reply.body),
                                       std::move(reply.error)});
  });
}

}  // namespace podcron::handlers

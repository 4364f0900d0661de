#include "controller/handlers/exec_task.h"

#include <utility>

namespace podcron::handlers {

void perform(engine::ExecTask&& effect, net::ExecDialer& dialer, loop::Mailbox& mailbox) {
  const engine::EffectId id = effect.id;
  dialer.open(
      id.value, {std::move(effect.path), std::move(effect.purpose), effect.handshake_timeout},
      [id, &mailbox] { mailbox.post(engine::TaskStarted{id}); },
      [id, &mailbox](api::ExecReport report) {
        mailbox.post(engine::TaskEnded{id, std::move(report)});
      });
}

}  // namespace podcron::handlers

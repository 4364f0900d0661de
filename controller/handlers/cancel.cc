#include "controller/handlers/cancel.h"

namespace podcron::handlers {

void perform(const engine::Cancel& effect, net::Transport& transport, net::StreamTransport& streams,
             net::ExecDialer& dialer, net::PodHttp& pods, net::Transport& proxied) {
  transport.cancel(effect.target.value);
  streams.cancel(effect.target.value);
  dialer.cancel(effect.target.value);
  pods.cancel(effect.target.value);
  proxied.cancel(effect.target.value);
}

}  // namespace podcron::handlers

// Performs engine::KubeRequest: one API call, one KubeReply.
#pragma once

#include <memory>

#include "controller/loop/mailbox.h"
#include "controller/net/transport.h"
#include "engine/effects.h"

namespace podcron::handlers {

/// On the I/O thread.
void perform(engine::KubeRequest&& effect, net::Transport& transport, loop::Mailbox& mailbox);

}  // namespace podcron::handlers

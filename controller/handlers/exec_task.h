// Performs engine::ExecTask: one exec, perhaps a TaskStarted, one TaskEnded.
#pragma once

#include "controller/loop/mailbox.h"
#include "controller/net/exec_dialer.h"
#include "engine/effects.h"

namespace podcron::handlers {

/// On the I/O thread.
void perform(engine::ExecTask&& effect, net::ExecDialer& dialer, loop::Mailbox& mailbox);

}  // namespace podcron::handlers

// Performs engine::Cancel: ends whichever call has that id; its completion still comes.
#pragma once

#include "controller/net/exec_dialer.h"
#include "controller/net/pod_http.h"
#include "controller/net/stream_transport.h"
#include "controller/net/transport.h"
#include "engine/effects.h"

namespace podcron::handlers {

/// On the I/O thread. An id is open in at most one of them, the others do not know it.
void perform(const engine::Cancel& effect, net::Transport& transport, net::StreamTransport& streams,
             net::ExecDialer& dialer, net::PodHttp& pods, net::Transport& proxied);

}  // namespace podcron::handlers

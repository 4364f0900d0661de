// Performs engine::HttpTask: one request to a pod, perhaps a TaskStarted, one TaskEnded.
#pragma once

#include "controller/loop/mailbox.h"
#include "controller/net/pod_http.h"
#include "controller/net/transport.h"
#include "engine/effects.h"

namespace podcron::handlers {

/// On the I/O thread. To the pod itself, or by way of the API server when no address is given.
void perform(engine::HttpTask&& effect, net::PodHttp& pods, net::Transport& api_server,
             loop::Mailbox& mailbox);

}  // namespace podcron::handlers

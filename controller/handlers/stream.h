// Performs engine::OpenStream: one LIST page or WATCH, decoded where it is read.
#pragma once

#include <memory>

#include "controller/loop/mailbox.h"
#include "controller/net/stream_transport.h"
#include "engine/effects.h"

namespace podcron::handlers {

/// On the I/O thread. Posts StreamBatches of at most engine::kStreamBatchItemsMax items, then one
/// StreamEnded, from whichever thread reads the stream. The sink keeps the mailbox alive: a
/// stream of cpprestsdk may end after everything else.
void perform(engine::OpenStream&& effect, net::StreamTransport& transport,
             std::shared_ptr<loop::Mailbox> mailbox);

}  // namespace podcron::handlers

#include "controller/handlers/kube_request.h"

#include <utility>

namespace podcron::handlers {

void perform(engine::KubeRequest&& effect, net::Transport& transport, loop::Mailbox& mailbox) {
  net::Request request;
  request.method = effect.method;
  request.path = std::move(effect.path);
  request.body = std::move(effect.body);
  request.timeout = effect.timeout;
  transport.start(effect.id.value, std::move(request),
                  [id = effect.id, &mailbox](net::Reply reply) {
                    engine::KubeReply input;
                    input.id = id;
                    input.certainty = reply.certainty;
                    input.http_status = reply.head.status;
                    input.body = std::move(reply.body);
                    input.date = reply.head.date;
                    input.retry_after = reply.head.retry_after;
                    input.error = std::move(reply.error);
                    mailbox.post(std::move(input));
                  });
}

}  // namespace podcron::handlers

#include "controller/handlers/performer.h"

#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "controller/handlers/cancel.h"
#include "controller/handlers/exec_task.h"
#include "controller/handlers/http_task.h"
#include "controller/handlers/kube_request.h"
#include "controller/handlers/stream.h"

namespace podcron::handlers {

Performer::Performer(Parts parts) : parts_(std::move(parts)) {}

void Performer::perform(std::vector<engine::Effect>& effects) {
  bool was_empty = false;
  bool queued = false;
  {
    // Logging under this lock delays the I/O thread by microseconds and only when it queues up.
    std::unique_lock lock(mutex_, std::defer_lock);
    for (engine::Effect& effect : effects) {
      if (const auto* log = std::get_if<engine::Log>(&effect)) {
        parts_.log.write(*log);
      } else if (const auto* metric = std::get_if<engine::Metric>(&effect)) {
        parts_.metrics.apply(*metric);
      } else {
        if (!lock.owns_lock()) lock.lock();
        if (!queued) was_empty = queue_.empty();
        queued = true;
        queue_.push_back(std::move(effect));
      }
    }
  }
  effects.clear();
  // One wake-up for a whole step, and none while the last one was not served yet.
  if (queued && was_empty) parts_.io.post([this] { perform_queued(); });
}

void Performer::perform_queued() {
  std::vector<engine::Effect> effects;
  {
    const std::lock_guard lock(mutex_);
    effects.swap(queue_);
  }
  for (engine::Effect& effect : effects) perform_on_io(std::move(effect));
}

void Performer::perform_on_io(engine::Effect&& effect) {
  if (auto* request = std::get_if<engine::KubeRequest>(&effect)) {
    handlers::perform(std::move(*request), *parts_.transport, *parts_.mailbox);
  } else if (auto* stream = std::get_if<engine::OpenStream>(&effect)) {
    handlers::perform(std::move(*stream), *parts_.streams, parts_.mailbox);
  } else if (auto* task = std::get_if<engine::ExecTask>(&effect)) {
    handlers::perform(std::move(*task), *parts_.dialer, *parts_.mailbox);
  } else if (auto* request_to_pod = std::get_if<engine::HttpTask>(&effect)) {
    handlers::perform(std::move(*request_to_pod), *parts_.pods, *parts_.proxied, *parts_.mailbox);
  } else if (auto* question = std::get_if<engine::AskStrategy>(&effect)) {
    handlers::perform(std::move(*question), parts_.strategies, *parts_.mailbox);
  } else if (const auto* cancel = std::get_if<engine::Cancel>(&effect)) {
    handlers::perform(*cancel, *parts_.transport, *parts_.streams, *parts_.dialer, *parts_.pods,
                      *parts_.proxied);
  } else if (const auto* answer = std::get_if<engine::AnswerReview>(&effect)) {
    if (parts_.webhook) parts_.webhook->answer(answer->review);
  }
}

bool Performer::stop(Millis limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::promise<void> cancelled;
  parts_.io.post([this, &cancelled] {
    perform_queued();
    parts_.dialer->cancel_all();
    parts_.pods->cancel_all();
    parts_.proxied->cancel_all();
    parts_.streams->cancel_all();
    parts_.transport->cancel_all();
    for (const auto& [name, service] : parts_.strategies) service.transport->cancel_all();
    cancelled.set_value();
  });
  cancelled.get_future().wait();
  // cpprestsdk ends its calls on its own thread and tells nobody when the last one is gone.
  while (parts_.streams->open_count() > 0) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(Millis(1));
  }
  return true;
}

}  // namespace podcron::handlers

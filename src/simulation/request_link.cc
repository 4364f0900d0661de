#include "simulation/request_link.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"

namespace podcron::simulation {
namespace {

using engine::Certainty;
using engine::Method;

/// A late request is executed at most so long after its sender gave up: the API server's own
/// deadline for requests is of that order.
constexpr Millis kLateMost{15'000};

std::string_view to_string(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kHead:
      return "HEAD";
  }
  return "";
}

bool creates_pod_job(const engine::KubeRequest& request) {
  return request.method == Method::kPost && request.path.ends_with("/podjobs");
}

}  // namespace

RequestLink::Fate RequestLink::draw_fate(const engine::KubeRequest& request) {
  Environment& env = wire_.environment;
  if (wire_.partitioned()) {
    return wire_.partition.requests_blocked ? Fate::kLost : Fate::kReplyLost;
  }
  if (env.strikes(FaultKind::kRequestNotSent)) return Fate::kNotSent;
  if (env.strikes(FaultKind::kRequestLost)) return Fate::kLost;
  if (env.strikes(FaultKind::kReplyLost)) return Fate::kReplyLost;
  if (env.strikes(FaultKind::kRequestLate)) return Fate::kLate;
  if (env.strikes(FaultKind::kErrorAfterCommit)) return Fate::kErrorAfterCommit;
  if (env.strikes(FaultKind::kServerBusy) || env.strikes(FaultKind::kServerError)) {
    return Fate::kRefused;
  }
  if (creates_pod_job(request) && env.strikes(FaultKind::kCreateDenied)) return Fate::kRefused;
  return Fate::kOrdinary;
}

ApiAnswer RequestLink::draw_refusal(const engine::KubeRequest& request) {
  Environment& env = wire_.environment;
  const std::uint64_t drawn = env.prng.below(4);
  if (creates_pod_job(request) && env.faults.knows(FaultKind::kCreateDenied) && drawn < 2) {
    const ResourceType& type = type_of(Resource::kPodJobs);
    if (drawn == 0) return forbidden(type, "", "exceeded quota: podjobs");
    return invalid(type, "", "spec", "denied by policy");
  }
  if (drawn == 0) return too_many_requests(Seconds{1 + static_cast<int>(env.prng.below(3))});
  if (drawn == 1) return service_unavailable();
  return internal_error("etcdserver: leader changed");
}

void RequestLink::perform(engine::KubeRequest&& request) {
  Environment& env = wire_.environment;
  ++env.report.requests;
  PODCRON_ASSERT(request.timeout > Millis{0});
  const auto [at, added] =
      open_.emplace(request.id, fmt::format("{} {}", to_string(request.method), request.path));
  PODCRON_ASSERT(added);
  env.trace.line(wire_.holder, "{} #{} {}", at->second, request.id.value, request.body);
  const engine::EffectId id = request.id;
  // A sender mostly waits for its time-out; sometimes the connection breaks earlier.
  const Millis gives_up =
      env.prng.chance(300) ? env.draw(Millis{1}, request.timeout) : request.timeout;
  switch (draw_fate(request)) {
    case Fate::kNotSent:
      return fail_after(wire_.latency(), id, Certainty::kNotExecuted, "connection refused");
    case Fate::kLost:
      return fail_after(gives_up, id, Certainty::kUnknown, "no answer");
    case Fate::kReplyLost:
      execute_after(env.draw(Millis{0}, gives_up), request, false, nullptr);
      return fail_after(gives_up, id, Certainty::kUnknown, "no answer");
    case Fate::kLate:
      execute_after(gives_up + env.draw(Millis{1}, kLateMost), request, true, nullptr);
      return fail_after(gives_up, id, Certainty::kUnknown, "no answer");
    case Fate::kRefused:
      return answer_after(wire_.latency() + wire_.latency(), id, draw_refusal(request));
    case Fate::kErrorAfterCommit:
      return execute_after(wire_.latency(), request, false, [this, id](ApiAnswer&&) {
        ApiAnswer error = wire_.environment.prng.chance(500)
                              ? internal_error("etcdserver: request timed out")
                              : gateway_timeout(
                                    "request did not complete within the allotted "
                                    "timeout");
        answer_after(wire_.latency(), id, std::move(error));
      });
    case Fate::kOrdinary: {
      const Millis way_there = wire_.latency();
      const Millis way_back = wire_.latency();
      if (way_there + way_back >= request.timeout) {
        execute_after(way_there, request, way_there >= request.timeout, nullptr);
        return fail_after(request.timeout, id, Certainty::kUnknown, "no answer in time");
      }
      return execute_after(way_there, request, false, [this, id, way_back](ApiAnswer&& answer) {
        answer_after(way_back, id, std::move(answer));
      });
    }
  }
}

void RequestLink::execute_after(Millis delay, const engine::KubeRequest& request, bool late,
                                std::function<void(ApiAnswer&&)> then) {
  ApiCall call{request.method, request.path, request.body, {wire_.holder, late, false}};
  // A request that has left is executed even if its sender dies meanwhile, so the action may use
  // this link only after it has seen that it lives.
  wire_.environment.timeline.after(
      delay, [this, &server = wire_.server, &env = wire_.environment, call = std::move(call),
              then = std::move(then), witness = lifeline_.witness()] {
        std::uint64_t stale = UINT64_MAX;
        if (allows_stale(call.path) && env.strikes(FaultKind::kListStale)) {
          stale = server.store().revision() - env.prng.below(200);
        }
        ApiAnswer answer = server.handle(call, stale);
        env.trace.line("server", "{} {} of {} -> {}{}", to_string(call.method), call.path,
                       call.author.name, answer.status, call.author.late ? " (late)" : "");
        if (then && witness.alive()) then(std::move(answer));
      });
}

void RequestLink::answer_after(Millis delay, engine::EffectId id, ApiAnswer&& answer) {
  engine::KubeReply reply;
  reply.id = id;
  reply.certainty = Certainty::kDone;
  reply.http_status = answer.status;
  reply.body = std::move(answer.body);
  reply.retry_after = answer.retry_after;
  reply.date = wire_.server_date();
  wire_.environment.timeline.after(
      delay, [this, reply = std::make_shared<engine::KubeReply>(std::move(reply)),
              witness = lifeline_.witness()] {
        if (witness.alive()) finish(std::move(*reply));
      });
}

void RequestLink::fail_after(Millis delay, engine::EffectId id, Certainty certainty,
                             std::string_view error) {
  engine::KubeReply reply;
  reply.id = id;
  reply.certainty = certainty;
  reply.error = error;
  wire_.environment.timeline.after(
      delay, [this, reply = std::make_shared<engine::KubeReply>(std::move(reply)),
              witness = lifeline_.witness()] {
        if (witness.alive()) finish(std::move(*reply));
      });
}

bool RequestLink::cancel(engine::EffectId id) {
  if (!open_.contains(id)) return false;
  fail_after(Millis{0}, id, Certainty::kUnknown, "cancelled");
  return true;
}

void RequestLink::finish(engine::KubeReply&& reply) {
  const auto found = open_.find(reply.id);
  if (found == open_.end()) return;  // it was answered before: cancelled, say
  wire_.environment.trace.line(wire_.holder, "answer #{} {} {}", reply.id.value, reply.http_status,
                               reply.error);
  open_.erase(found);
  wire_.deliver(engine::Input(std::move(reply)));
}

}  // namespace podcron::simulation

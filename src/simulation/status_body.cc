#include "simulation/status_body.h"

#include <fmt/format.h>

#include "simulation/json.h"

namespace podcron::simulation {
namespace {

ApiAnswer failure(int code, std::string_view reason, std::string message, Json details = nullptr) {
  Json status = {{"kind", "Status"},
                 {"apiVersion", "v1"},
                 {"metadata", Json::object()},
                 {"status", "Failure"},
                 {"reason", reason},
                 {"code", code},
                 {"message", std::move(message)}};
  if (!details.is_null()) status["details"] = std::move(details);
  return {code, to_text(status), std::nullopt};
}

Json details_of(const ResourceType& type, std::string_view name) {
  Json details = {{"name", name}, {"kind", type.plural}};
  if (!type.group.empty()) details["group"] = type.group;
  return details;
}

}  // namespace

ApiAnswer not_found(const ResourceType& type, std::string_view name) {
  return failure(404, "NotFound", fmt::format("{} \"{}\" not found", type.qualified_name(), name),
                 details_of(type, name));
}

ApiAnswer unknown_path() {
  return failure(404, "NotFound", "the server could not find the requested resource",
                 Json::object());
}

ApiAnswer already_exists(const ResourceType& type, std::string_view name) {
  return failure(409, "AlreadyExists",
                 fmt::format("{} \"{}\" already exists", type.qualified_name(), name),
                 details_of(type, name));
}

ApiAnswer conflict(const ResourceType& type, std::string_view name) {
  return failure(409, "Conflict",
                 fmt::format("Operation cannot be fulfilled on {} \"{}\": the object has been "
                             "modified; please apply your changes to the latest version and try "
                             "again",
                             type.qualified_name(), name),
                 details_of(type, name));
}

ApiAnswer precondition_failed(const ResourceType& type, std::string_view name,
                              std::string_view field, std::string_view wanted,
                              std::string_view found) {
  return failure(409, "Conflict",
                 fmt::format("Operation cannot be fulfilled on {} \"{}\": Precondition failed: {} "
                             "in precondition: {}, {} in object meta: {}",
                             type.qualified_name(), name, field, wanted, field, found),
                 details_of(type, name));
}

ApiAnswer invalid(const ResourceType& type, std::string_view name, std::string_view field,
                  std::string_view message) {
  Json details = details_of(type, name);
  details["kind"] = type.kind;
  details["causes"] = {{{"reason", "FieldValueInvalid"}, {"message", message}, {"field", field}}};
  const std::string qualified =
      type.group.empty() ? std::string(type.kind) : fmt::format("{}.{}", type.kind, type.group);
  return failure(422, "Invalid",
                 fmt::format("{} \"{}\" is invalid: {}: {}", qualified, name, field, message),
                 std::move(details));
}

ApiAnswer bad_request(std::string_view message) {
  return failure(400, "BadRequest", std::string(message));
}

ApiAnswer forbidden(const ResourceType& type, std::string_view name, std::string_view why) {
  return failure(403, "Forbidden",
                 fmt::format("{} \"{}\" is forbidden: {}", type.qualified_name(), name, why),
                 details_of(type, name));
}

ApiAnswer expired(std::string_view message) {
  return failure(410, "Expired", std::string(message));
}

ApiAnswer too_many_requests(Seconds retry_after) {
  ApiAnswer answer = failure(429, "TooManyRequests",
                             "the server has received too many requests and has asked us to try "
                             "again later",
                             {{"retryAfterSeconds", retry_after.count()}});
  answer.retry_after = retry_after;
  return answer;
}

ApiAnswer internal_error(std::string_view message) {
  return failure(500, "InternalError", fmt::format("Internal error occurred: {}", message),
                 {{"causes", {{{"message", message}}}}});
}

ApiAnswer service_unavailable() {
  return failure(503, "ServiceUnavailable", "the server is currently unable to handle the request");
}

ApiAnswer gateway_timeout(std::string_view message) {
  return failure(504, "Timeout", fmt::format("Timeout: {}", message), Json::object());
}

ApiAnswer deleted_ok(const ResourceType& type, std::string_view name, std::string_view uid) {
  Json details = details_of(type, name);
  details["uid"] = uid;
  const Json status = {{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", Json::object()},
                       {"status", "Success"},
                       {"details", std::move(details)}};
  return {200, to_text(status), std::nullopt};
}

}  // namespace podcron::simulation

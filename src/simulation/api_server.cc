#include "simulation/api_server.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "simulation/admission.h"

namespace podcron::simulation {
namespace {

using engine::Method;

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Json> parse_object(const std::string& body) {
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

/// Where a continued LIST goes on: the revision of its first page and the last key it showed. The
/// token has characters that must be percent-encoded, so that a client that forgets is found.
std::string make_token(std::uint64_t revision, const ObjectKey& key) {
  return fmt::format("{}+{}/{}=", revision, key.namespace_, key.name);
}

struct Token {
  std::uint64_t revision = 0;
  ObjectKey key;
};

std::optional<Token> parse_token(std::string_view text) {
  const std::size_t plus = text.find('+');
  const std::size_t slash = text.find('/');
  if (plus == std::string_view::npos || slash == std::string_view::npos || slash < plus ||
      !text.ends_with('=')) {
    return std::nullopt;
  }
  const auto revision = to_number(text.substr(0, plus));
  if (!revision) return std::nullopt;
  return Token{*revision,
               {std::string(text.substr(plus + 1, slash - plus - 1)),
                std::string(text.substr(slash + 1, text.size() - slash - 2))}};
}

std::optional<Selection> selection_of(const RequestPath& path) {
  Selection selection;
  selection.resource = path.resource;
  selection.namespace_ = path.namespace_;
  selection.field_selector = path.query_value("fieldSelector");
  const std::string_view labels = path.query_value("labelSelector");
  if (!labels.empty()) {
    auto parsed = api::parse_selector(labels);
    if (!parsed) return std::nullopt;
    selection.labels = std::move(*parsed);
  }
  return selection;
}

/// One requirement "a.b=value" or "a.b!=value".
bool field_matches(std::string_view requirement, const Json& json) {
  const std::size_t equals = requirement.find('=');
  if (equals == std::string_view::npos) return false;
  const bool negated = equals > 0 && requirement[equals - 1] == '!';
  std::string_view path = requirement.substr(0, equals - (negated ? 1 : 0));
  std::string_view value = requirement.substr(equals + 1);
  if (value.starts_with('=')) value.remove_prefix(1);
  if (path.starts_with('.')) path.remove_prefix(1);
  const Json* at = &json;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    at = find_in(*at, path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  const std::string found = at != nullptr && at->is_string() ? at->get<std::string>() : "";
  return (found == value) != negated;
}

bool has_finalizers(const Json& json) {
  const Json* finalizers = find_in(json, "metadata", "finalizers");
  return finalizers != nullptr && finalizers->is_array() && !finalizers->empty();
}

bool is_deleting(const Json& json) {
  return find_in(json, "metadata", "deletionTimestamp") != nullptr;
}

/// Server-owned metadata of `after` is that of `before`, whatever the writer sent.
void restore_server_fields(const Json& before, Json& after) {
  const Json& old_meta = before.at("metadata");
  Json& meta = after["metadata"];
  for (const char* field : {"name", "namespace", "uid", "creationTimestamp", "generation",
                            "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"}) {
    const auto found = old_meta.find(field);
    if (found != old_meta.end()) {
      meta[field] = *found;
    } else {
      meta.erase(field);
    }
  }
}

bool spec_differs(const Json& before, const Json& after) {
  const Json* old_spec = find_in(before, "spec");
  const Json* new_spec = find_in(after, "spec");
  if (old_spec == nullptr || new_spec == nullptr) return old_spec != new_spec;
  return *old_spec != *new_spec;
}

void append_event(std::string& lines, std::string_view type, std::string_view object) {
  lines += fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object);
}

}  // namespace

bool Selection::matches(const ObjectKey& key, const StoredObject& object) const {
  if (!namespace_.empty() && key.namespace_ != namespace_) return false;
  if (!labels.matches(object.labels)) return false;
  std::string_view rest = field_selector;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    if (!field_matches(rest.substr(0, comma), object.json)) return false;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return true;
}

bool allows_stale(std::string_view path) {
  const auto parsed = parse_request_path(path);
  return parsed && parsed->name.empty() && parsed->query_value("resourceVersion") == "0";
}

ApiServer::ApiServer(std::uint64_t seed, std::function<WallMillis()> clock)
    : clock_(std::move(clock)), prng_(seed) {}

std::string ApiServer::new_uid() {
  // Version 4, variant 10, as the real one's random UUIDs (RFC 9562).
  const std::uint64_t high = (prng_.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (prng_.next() & ~(3ULL << 62)) | (2ULL << 62);
  return Uid{high, low}.to_string();
}

ApiAnswer ApiServer::handle(const ApiCall& call, std::uint64_t stale_revision) {
  const auto path = parse_request_path(call.path);
  if (!path) return unknown_path();
  const ResourceType& type = type_of(path->resource);
  const bool status = path->subresource == "status";
  if (!path->subresource.empty() && !(status && type.status_subresource)) return unknown_path();
  const bool collection = path->name.empty();
  switch (call.method) {
    case Method::kGet:
      return collection ? list(*path, stale_revision) : get(*path);
    case Method::kPost:
      return collection && !path->namespace_.empty() ? create(*path, call) : unknown_path();
    case Method::kPut:
      return collection ? unknown_path() : replace(*path, call);
    case Method::kPatch:
      return collection ? unknown_path() : patch(*path, call);
    case Method::kDelete:
      return collection ? unknown_path() : erase(*path, call);
    case Method::kHead:
      break;  // no controller asks for heads
  }
  return unknown_path();
}

ApiAnswer ApiServer::get(const RequestPath& path) const {
  const ObjectRef object = store_.find(path.resource, {path.namespace_, path.name});
  if (object == nullptr) return not_found(type_of(path.resource), path.name);
  return {200, object->text, std::nullopt};
}

ApiAnswer ApiServer::list(const RequestPath& path, std::uint64_t stale_revision) const {
  const ResourceType& type = type_of(path.resource);
  const auto selection = selection_of(path);
  if (!selection) return bad_request("unable to parse requirement of labelSelector");
  const auto wanted = to_number(path.query_value("resourceVersion"));
  std::size_t limit = to_number(path.query_value("limit")).value_or(0);
  std::uint64_t revision = store_.revision();
  std::optional<Token> token;
  if (const std::string_view text = path.query_value("continue"); !text.empty()) {
    token = parse_token(text);
    if (!token) return bad_request("continue key is not valid");
    if (token->revision < store_.compacted()) {
      return expired(
          "The provided continue parameter is too old to display a consistent list "
          "result. You can start a new list without the continue parameter.");
    }
    revision = token->revision;
  } else if (wanted == 0U) {
    // "Any" version: the watch cache answers, which may lag and does not page.
    revision = std::max(std::min(revision, stale_revision), store_.compacted());
    limit = 0;
  } else if (wanted && *wanted > revision) {
    return gateway_timeout(
        fmt::format("Too large resource version: {}, current: {}", *wanted, revision));
  }
  const std::size_t page = limit == 0 ? SIZE_MAX : limit;
  std::string items;
  std::size_t shown = 0;
  const ObjectKey* after = token ? &token->key : nullptr;
  ObjectKey last;
  bool more = false;
  for (const auto& [key, object] :
       store_.list_at(path.resource, path.namespace_, revision, after, SIZE_MAX)) {
    if (!selection->matches(key, *object)) continue;
    if (shown == page) {
      more = true;
      break;
    }
    if (shown++ != 0) items += ',';
    if (type.custom) {
      items += object->text;
    } else {
      // Items of built-in kinds carry neither kind nor apiVersion.
      Json item = object->json;
      item.erase("kind");
      item.erase("apiVersion");
      items += to_text(item);
    }
    last = key;
  }
  Json meta = {{"resourceVersion", std::to_string(revision)}};
  if (more) meta["continue"] = make_token(revision, last);
  std::string body = fmt::format("{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{},",
                                 type.kind, type.api_version(), to_text(meta));
  body += "\"items\":[" + items + "]}\n";
  return {200, std::move(body), std::nullopt};
}

void ApiServer::prepare_new(Json& json, const ObjectKey& key, const ResourceType& type) {
  json["kind"] = type.kind;
  json["apiVersion"] = type.api_version();
  Json& meta = json["metadata"];
  meta["name"] = key.name;
  meta["namespace"] = key.namespace_;
  meta["uid"] = new_uid();
  meta["creationTimestamp"] = to_rfc3339(whole_seconds(clock_()));
  meta.erase("deletionTimestamp");
  if (find_in(json, "spec") != nullptr) meta["generation"] = 1;
}

ApiAnswer ApiServer::create(const RequestPath& path, const ApiCall& call) {
  const ResourceType& type = type_of(path.resource);
  auto json = parse_object(call.body);
  if (!json) return bad_request("the object provided is unrecognized");
  std::string name = text_in(*json, "metadata", "name");
  if (name.empty()) {
    const std::string prefix = text_in(*json, "metadata", "generateName");
    if (prefix.empty())
      return invalid(type, "", "metadata.name", "Required value: name or generateName is required");
    name = fmt::format("{}{:05x}", prefix, prng_.below(0x100000));
  }
  const std::string namespace_ = text_in(*json, "metadata", "namespace");
  if (!namespace_.empty() && namespace_ != path.namespace_) {
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on "
        "the request");
  }
  if (!text_in(*json, "metadata", "resourceVersion").empty()) {
    return internal_error("resourceVersion should not be set on objects to be created");
  }
  const ObjectKey key{path.namespace_, name};
  if (store_.find(path.resource, key) != nullptr) return already_exists(type, name);
  prepare_new(*json, key, type);
  // A new custom resource has no status, whatever was sent.
  if (type.custom) json->erase("status");
  if (const auto refusal = judge_transition(path.resource, nullptr, *json)) {
    return invalid(type, name, refusal->field, refusal->message);
  }
  const ObjectRef created = store_.put(path.resource, key, std::move(*json), call.author);
  return {201, created->text, std::nullopt};
}

ApiAnswer ApiServer::write(const RequestPath& path, const StoredObject& before, Json after,
                           const Author& author) {
  const ResourceType& type = type_of(path.resource);
  const ObjectKey key{path.namespace_, path.name};
  restore_server_fields(before.json, after);
  if (after == before.json) return {200, before.text, std::nullopt};
  if (is_deleting(before.json)) {
    const Json* old_list = find_in(before.json, "metadata", "finalizers");
    const Json* new_list = find_in(after, "metadata", "finalizers");
    for (const Json& finalizer : new_list != nullptr ? *new_list : Json::array()) {
      if (std::find(old_list->begin(), old_list->end(), finalizer) == old_list->end()) {
        return invalid(type, path.name, "metadata.finalizers",
                       "Forbidden: no new finalizers can be added if the object is being deleted");
      }
    }
  }
  if (const auto refusal = judge_transition(path.resource, &before.json, after)) {
    return invalid(type, path.name, refusal->field, refusal->message);
  }
  if (spec_differs(before.json, after)) {
    after["metadata"]["generation"] = number_in(before.json, 0, "metadata", "generation") + 1;
  }
  const ObjectRef written = store_.put(path.resource, key, std::move(after), author);
  if (is_deleting(written->json) && !has_finalizers(written->json)) {
    return {200, store_.remove(path.resource, key, author)->text, std::nullopt};
  }
  return {200, written->text, std::nullopt};
}

ApiAnswer ApiServer::replace(const RequestPath& path, const ApiCall& call) {
  const ResourceType& type = type_of(path.resource);
  auto json = parse_object(call.body);
  if (!json) return bad_request("the object provided is unrecognized");
  if (text_in(*json, "metadata", "name") != path.name) {
    return bad_request("the name of the object does not match the name on the URL");
  }
  const ObjectRef before = store_.find(path.resource, {path.namespace_, path.name});
  const std::string version = text_in(*json, "metadata", "resourceVersion");
  // Leases may be created by PUT, but then without a resourceVersion.
  if (before == nullptr) {
    if (path.resource != Resource::kLeases || !version.empty()) return not_found(type, path.name);
    return create(path, call);
  }
  if (version.empty() && type.custom) {
    return invalid(type, path.name, "metadata.resourceVersion",
                   "Invalid value: 0: must be specified for an update");
  }
  if (!version.empty() && version != std::to_string(before->resource_version)) {
    return conflict(type, path.name);
  }
  Json after;
  if (path.subresource == "status") {
    after = before->json;
    after["status"] = json->value("status", Json::object());
  } else {
    after = std::move(*json);
    if (type.status_subresource) after["status"] = before->json.value("status", Json::object());
  }
  after["kind"] = type.kind;
  after["apiVersion"] = type.api_version();
  Author author = call.author;
  author.conditional = !version.empty();
  return write(path, *before, std::move(after), author);
}

ApiAnswer ApiServer::patch(const RequestPath& path, const ApiCall& call) {
  const ResourceType& type = type_of(path.resource);
  const auto delta = parse_object(call.body);
  if (!delta) return bad_request("error decoding patch");
  const ObjectRef before = store_.find(path.resource, {path.namespace_, path.name});
  if (before == nullptr) return not_found(type, path.name);
  const std::string uid = text_in(*delta, "metadata", "uid");
  const std::string own_uid = text_in(before->json, "metadata", "uid");
  if (!uid.empty() && uid != own_uid) {
    return precondition_failed(type, path.name, "UID", uid, own_uid);
  }
  const std::string version = text_in(*delta, "metadata", "resourceVersion");
  if (!version.empty() && version != std::to_string(before->resource_version)) {
    return conflict(type, path.name);
  }
  // Copies of whole objects are what a simulation spends its time on: one is enough here.
  Json after = before->json;
  if (path.subresource == "status") {
    // Only the status is taken from a request to the subresource.
    if (const auto status = delta->find("status"); status != delta->end()) {
      after.merge_patch({{"status", *status}});
    }
  } else {
    after.merge_patch(*delta);
    if (type.status_subresource && delta->contains("status")) {
      after.erase("status");
      if (before->json.contains("status")) after["status"] = before->json.at("status");
    }
  }
  if (!find_in(after, "metadata")->is_object()) return bad_request("metadata must be an object");
  Author author = call.author;
  author.conditional = !version.empty();
  return write(path, *before, std::move(after), author);
}

ApiAnswer ApiServer::erase(const RequestPath& path, const ApiCall& call) {
  const ResourceType& type = type_of(path.resource);
  const ObjectKey key{path.namespace_, path.name};
  const ObjectRef before = store_.find(path.resource, key);
  if (before == nullptr) return not_found(type, path.name);
  const std::string own_uid = text_in(before->json, "metadata", "uid");
  if (!call.body.empty()) {
    const auto options = parse_object(call.body);
    if (!options) return bad_request("error decoding delete options");
    const std::string uid = text_in(*options, "preconditions", "uid");
    if (!uid.empty() && uid != own_uid) {
      return precondition_failed(type, path.name, "UID", uid, own_uid);
    }
    const std::string version = text_in(*options, "preconditions", "resourceVersion");
    const std::string own_version = std::to_string(before->resource_version);
    if (!version.empty() && version != own_version) {
      return precondition_failed(type, path.name, "ResourceVersion", version, own_version);
    }
  }
  if (!has_finalizers(before->json)) {
    store_.remove(path.resource, key, call.author);
    return deleted_ok(type, path.name, own_uid);
  }
  if (is_deleting(before->json)) return {200, before->text, std::nullopt};
  Json after = before->json;
  Json& meta = after["metadata"];
  meta["deletionTimestamp"] = to_rfc3339(whole_seconds(clock_()));
  meta["deletionGracePeriodSeconds"] = 0;
  meta["generation"] = number_in(after, 0, "metadata", "generation") + 1;
  return {200, store_.put(path.resource, key, std::move(after), call.author)->text, std::nullopt};
}

ObjectRef ApiServer::put(Resource resource, Json json, std::string_view author) {
  const ObjectKey key{text_in(json, "metadata", "namespace"), text_in(json, "metadata", "name")};
  const ObjectRef before = store_.find(resource, key);
  if (before == nullptr) {
    prepare_new(json, key, type_of(resource));
  } else {
    const bool deleting = is_deleting(json);
    const Json stamp = deleting ? json.at("metadata").at("deletionTimestamp") : Json();
    restore_server_fields(before->json, json);
    if (deleting) json["metadata"]["deletionTimestamp"] = stamp;
  }
  return store_.put(resource, key, std::move(json), {std::string(author), false, false});
}

std::optional<Watch> ApiServer::open_watch(std::string_view path_text, ApiAnswer& refusal) const {
  const auto path = parse_request_path(path_text);
  if (!path || !path->query_is_true("watch")) {
    refusal = unknown_path();
    return std::nullopt;
  }
  auto selection = selection_of(*path);
  if (!selection) {
    refusal = bad_request("unable to parse requirement of labelSelector");
    return std::nullopt;
  }
  Watch watch;
  watch.selection = std::move(*selection);
  watch.bookmarks = path->query_is_true("allowWatchBookmarks");
  const auto seconds = to_number(path->query_value("timeoutSeconds"));
  // The real one draws between 30 and 60 minutes when it is not told.
  watch.timeout = Seconds{seconds ? static_cast<std::int64_t>(*seconds) : 1800};
  watch.revision = to_number(path->query_value("resourceVersion")).value_or(store_.revision());
  if (watch.revision > store_.revision()) {
    refusal = gateway_timeout(fmt::format("Too large resource version: {}, current: {}",
                                          watch.revision, store_.revision()));
    return std::nullopt;
  }
  watch.expired = watch.revision < store_.compacted();
  return watch;
}

bool ApiServer::read_watch(Watch& watch, std::string& lines) const {
  if (watch.expired || watch.revision < store_.last_dropped(watch.selection.resource)) {
    append_event(lines, "ERROR",
                 expired(fmt::format("too old resource version: {} ({})", watch.revision,
                                     store_.compacted()))
                     .body);
    return false;
  }
  const Selection& selection = watch.selection;
  const Change* change = store_.next_change(selection.resource, watch.revision);
  for (; change != nullptr; change = store_.next_change(selection.resource, watch.revision)) {
    watch.revision = change->resource_version;
    const bool was_in = change->before && selection.matches(change->key, *change->before);
    const bool is_in = change->after && selection.matches(change->key, *change->after);
    if (is_in) {
      append_event(lines, was_in ? "MODIFIED" : "ADDED", change->shown->text);
    } else if (was_in) {
      // An object that no longer matches is shown as deleted, under the revision of the change.
      append_event(lines, "DELETED", change->shown->text);
    }
  }
  watch.revision = store_.revision();
  return true;
}

std::string ApiServer::bookmark_line(const Watch& watch) const {
  const ResourceType& type = type_of(watch.selection.resource);
  std::string line;
  append_event(
      line, "BOOKMARK",
      fmt::format("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":{{"
                  "\"resourceVersion\":\"{}\",\"creationTimestamp\":null}},\"spec\":{{}}}}",
                  type.kind, type.api_version(), watch.revision));
  return line;
}

}  // namespace podcron::simulation

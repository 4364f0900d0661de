#include "simulation/users.h"

#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "reconcile/plan.h"
#include "simulation/scenario.h"
#include "simulation/status_view.h"

namespace podcron::simulation {
namespace {

using engine::Method;

constexpr std::string_view kUser = "user";
constexpr std::string_view kCollector = "garbage collector";
/// Of a thousand seconds, where Leases are disturbed at all.
constexpr std::uint64_t kElectionDisturbed = 30;

std::string collection_path(Resource resource, std::string_view namespace_) {
  const ResourceType& type = type_of(resource);
  const std::string scope = namespace_.empty() ? "" : fmt::format("namespaces/{}/", namespace_);
  return fmt::format("/{}/{}/{}{}", type.group.empty() ? "api" : "apis", type.api_version(), scope,
                     type.plural);
}

std::string object_path(Resource resource, const ObjectKey& key) {
  return fmt::format("{}/{}", collection_path(resource, key.namespace_), key.name);
}

std::string name_of(const Json& body) { return text_in(body, "metadata", "name"); }

}  // namespace

int Users::send(Method method, std::string path, std::string body, std::string_view author) {
  const ApiAnswer answer = server_.handle(
      {method, std::move(path), std::move(body), {std::string(author), false, false}});
  return answer.status;
}

void Users::create(const Json& body) {
  environment_.trace.line(kUser, "creates {}", name_of(body));
  send(Method::kPost, collection_path(Resource::kPodCronJobs, kNamespace), to_text(body), kUser);
}

void Users::create_all() {
  const Json place = {
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", kNamespace}}}};
  send(Method::kPost, collection_path(Resource::kNamespaces, ""), to_text(place), kUser);
  for (const Json& body : pod_cron_jobs_) create(body);
}

void Users::patch(const std::string& name, const Json& delta) {
  environment_.trace.line(kUser, "patches {} with {}", name, to_text(delta));
  send(Method::kPatch, object_path(Resource::kPodCronJobs, {std::string(kNamespace), name}),
       to_text(delta), kUser);
}

const Json& Users::pick() { return pod_cron_jobs_[environment_.prng.below(pod_cron_jobs_.size())]; }

/// A PodCronJob that was stopped for the harm it did gets another spec, after a while.
void Users::mend_harmful() {
  constexpr std::int64_t kPeriod = 10;
  if (environment_.timeline.now().count() / 1000 % kPeriod != 0) return;
  for (const Json& body : pod_cron_jobs_) {
    const ObjectKey key{std::string(kNamespace), name_of(body)};
    const ObjectRef job = server_.store().find(Resource::kPodCronJobs, key);
    if (job == nullptr || number_in(job->json, 0, "status", "targetHarm", "runs") < 2) continue;
    const std::int64_t generation = number_in(job->json, 0, "metadata", "generation");
    if (number_in(job->json, 0, "status", "targetHarm", "generation") != generation) continue;
    patch(key.name,
          {{"spec",
            {{"podJobTemplate", {{"spec", {{"activeDeadlineSeconds", 5 + generation % 30}}}}}}}});
  }
}

void Users::act() {
  mend_harmful();
  run_by_hand();
  if (environment_.strikes(FaultKind::kScheduleEdited)) edit_schedule();
  if (environment_.strikes(FaultKind::kSuspended)) suspend();
  if (environment_.strikes(FaultKind::kNamespaceSuspended)) suspend_namespace();
  if (environment_.strikes(FaultKind::kPodCronJobRecreated)) recreate();
  if (environment_.strikes(FaultKind::kPodJobDeleted)) delete_pod_job();
  if (environment_.strikes(FaultKind::kNameTaken)) take_name();
  if (environment_.strikes(FaultKind::kLeaseDeleted)) delete_lease();
  if (environment_.faults.knows(FaultKind::kLeaseDeleted)) disturb_election();
}

/// Now and then somebody runs something by hand, or restores a backup. That is no fault, and not
/// drawn from the Prng, so that every other chance falls as it does without.
void Users::run_by_hand() {
  const std::uint64_t chance = hash_combine(environment_.report.seed, ++seconds_);
  if (!environment_.faults.active() || chance % 19 != 0) return;
  if (chance % 5 == 4) return copy_pod_job(chance / 5);
  const Json& job = pod_cron_jobs_[chance / 19 % pod_cron_jobs_.size()];
  const std::string parent = name_of(job);
  const Json& pod_job_template = job.at("spec").at("podJobTemplate");
  Json metadata = pod_job_template.at("metadata");
  metadata["name"] = fmt::format("{}-manual-{}", parent, ++by_hand_);
  metadata["namespace"] = kNamespace;
  Json spec = pod_job_template.at("spec");
  spec["startingDeadlineSeconds"] = 2 + chance / 23 % 15;
  const ObjectRef stored =
      server_.store().find(Resource::kPodCronJobs, {std::string(kNamespace), parent});
  const bool owned = chance % 5 < 2 && stored != nullptr;
  if (chance % 5 < 3) spec["podCronJobName"] = parent;
  if (owned) {
    metadata["ownerReferences"] = Json::array({{{"apiVersion", "podcron.dev/v1alpha1"},
                                                {"kind", "PodCronJob"},
                                                {"name", parent},
                                                {"uid", text_in(stored->json, "metadata", "uid")},
                                                {"controller", true}}});
  }
  if (chance / 29 % 4 == 0) spec["ttlSecondsAfterFinished"] = chance / 31 % 20;
  environment_.trace.line(kUser, "makes {}", text_in(metadata, "name"));
  const Json body = {{"apiVersion", "podcron.dev/v1alpha1"},
                     {"kind", "PodJob"},
                     {"metadata", std::move(metadata)},
                     {"spec", std::move(spec)}};
  send(Method::kPost, collection_path(Resource::kPodJobs, kNamespace), to_text(body), kUser);
}

/// As a backup does: metadata and spec, but neither UID nor status.
void Users::copy_pod_job(std::uint64_t chance) {
  const ObjectStore& store = server_.store();
  const auto all = store.list_at(Resource::kPodJobs, "", store.revision(), nullptr, SIZE_MAX);
  if (all.empty()) return;
  const Json& original = all[chance % all.size()].second->json;
  Json body = original;
  body.erase("status");
  Json& metadata = body["metadata"];
  for (const char* field : {"uid", "resourceVersion", "generation", "creationTimestamp",
                            "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    metadata.erase(field);
  }
  metadata["name"] = fmt::format("{}-copy-{}", name_of(original).substr(0, 40), ++by_hand_);
  environment_.trace.line(kUser, "restores {} from {}", name_of(body), name_of(original));
  send(Method::kPost, collection_path(Resource::kPodJobs, kNamespace), to_text(body), kUser);
}

void Users::edit_schedule() {
  patch(name_of(pick()), {{"spec", {{"schedule", draw_schedule(environment_.prng)}}}});
}

void Users::suspend() {
  const std::string name = name_of(pick());
  patch(name, {{"spec", {{"suspend", true}}}});
  environment_.timeline.after(environment_.draw(Millis{1000}, Millis{60'000}), [this, name] {
    patch(name, {{"spec", {{"suspend", false}}}});
  });
}

void Users::suspend_namespace() {
  hold_namespace(true);
  environment_.timeline.after(environment_.draw(Millis{1000}, Millis{60'000}),
                              [this] { hold_namespace(false); });
}

void Users::hold_namespace(bool held) {
  environment_.trace.line(kUser, "namespace {}", held ? "suspended" : "goes on");
  const Json delta = {
      {"metadata", {{"annotations", {{"podcron.dev/suspend", held ? Json("true") : Json()}}}}}};
  send(Method::kPatch, object_path(Resource::kNamespaces, {"", std::string(kNamespace)}),
       to_text(delta), kUser);
}

void Users::recreate() {
  const Json body = pick();
  const ObjectKey key{std::string(kNamespace), name_of(body)};
  environment_.trace.line(kUser, "deletes {}", key.name);
  send(Method::kDelete, object_path(Resource::kPodCronJobs, key), "", kUser);
  environment_.timeline.after(environment_.draw(Millis{0}, Millis{5000}),
                              [this, body] { create(body); });
}

std::optional<ObjectKey> Users::pick_stored(Resource resource) {
  const ObjectStore& store = server_.store();
  const auto all = store.list_at(resource, "", store.revision(), nullptr, SIZE_MAX);
  if (all.empty()) return std::nullopt;
  return all[environment_.prng.below(all.size())].first;
}

void Users::delete_pod_job() {
  const auto key = pick_stored(Resource::kPodJobs);
  if (!key) return;
  environment_.trace.line(kUser, "deletes PodJob {}", key->name);
  checker_.user_deleted(*key);
  send(Method::kDelete, object_path(Resource::kPodJobs, *key), "", kUser);
}

/// A PodJob of somebody else that has the name of the next run.
void Users::take_name() {
  const std::string name = name_of(pick());
  const ObjectRef job =
      server_.store().find(Resource::kPodCronJobs, {std::string(kNamespace), name});
  if (job == nullptr) return;
  const auto uid = Uid::parse(text_in(job->json, "metadata", "uid"));
  const auto beat = beat_of(text_in(job->json, "spec", "schedule"));
  if (!uid || !beat) return;
  const std::int64_t now = whole_seconds(environment_.true_wall()).time_since_epoch().count();
  const WallTime next{Seconds{(now / beat->count() + 1) * beat->count()}};
  const std::string taken = reconcile::run_name(name, *uid, next);
  environment_.trace.line(kUser, "takes the name {}", taken);
  const Json body = {{"apiVersion", "podcron.dev/v1alpha1"},
                     {"kind", "PodJob"},
                     {"metadata", {{"name", taken}, {"namespace", kNamespace}}},
                     {"spec", job->json.at("spec").at("podJobTemplate").at("spec")}};
  send(Method::kPost, collection_path(Resource::kPodJobs, kNamespace), to_text(body), kUser);
}

void Users::delete_lease() {
  const auto key = pick_stored(Resource::kLeases);
  if (!key) return;
  environment_.trace.line(kUser, "deletes lease {}", key->name);
  send(Method::kDelete, object_path(Resource::kLeases, *key), "", kUser);
}

/// The Lease of the election is deleted, or made to name nobody, somebody who does not exist, or
/// any of those who do.
void Users::disturb_election() {
  if (!election_chances_.chance(kElectionDisturbed)) return;
  const ObjectKey key{"podcron", "podcron"};
  if (server_.store().find(Resource::kLeases, key) == nullptr) return;
  environment_.faults.count(FaultKind::kLeaseDeleted);
  if (election_chances_.chance(400)) {
    environment_.trace.line(kUser, "deletes the Lease of the election");
    send(Method::kDelete, object_path(Resource::kLeases, key), "", kUser);
    return;
  }
  const ObjectStore& store = server_.store();
  std::vector<std::string> names{"", "nobody"};
  for (const auto& [name, lease] :
       store.list_at(Resource::kLeases, "", store.revision(), nullptr, SIZE_MAX)) {
    names.push_back(text_in(lease->json, "spec", "holderIdentity"));
  }
  const std::string& forged = names[election_chances_.below(names.size())];
  environment_.trace.line(kUser, "makes the Lease of the election name \"{}\"", forged);
  send(Method::kPatch, object_path(Resource::kLeases, key),
       to_text({{"spec", {{"holderIdentity", forged}}}}), kUser);
}

void Users::collect_garbage() {
  const ObjectStore& store = server_.store();
  for (const auto& [key, object] :
       store.list_at(Resource::kPodJobs, "", store.revision(), nullptr, SIZE_MAX)) {
    if (find_in(object->json, "metadata", "deletionTimestamp") != nullptr) continue;
    const Json* owners = find_in(object->json, "metadata", "ownerReferences");
    if (owners == nullptr || !owners->is_array() || owners->empty()) continue;
    const ObjectRef owner =
        store.find(Resource::kPodCronJobs, {key.namespace_, text_in(owners->front(), "name")});
    if (owner != nullptr &&
        text_in(owner->json, "metadata", "uid") == text_in(owners->front(), "uid")) {
      continue;
    }
    environment_.trace.line(kCollector, "deletes PodJob {}", key.name);
    send(Method::kDelete, object_path(Resource::kPodJobs, key), "", kCollector);
  }
}

void Users::heal() {
  hold_namespace(false);
  for (const Json& body : pod_cron_jobs_) {
    const ObjectKey key{std::string(kNamespace), name_of(body)};
    const ObjectRef job = server_.store().find(Resource::kPodCronJobs, key);
    if (job == nullptr) {
      create(body);
    } else if (const Json* suspend = find_in(job->json, "spec", "suspend");
               suspend != nullptr && *suspend == true) {
      patch(key.name, {{"spec", {{"suspend", false}}}});
    }
  }
}

}  // namespace podcron::simulation

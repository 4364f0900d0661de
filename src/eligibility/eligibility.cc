#include "eligibility/eligibility.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "api/watched_kinds.h"
#include "base/assert.h"
#include "eligibility/lineage.h"
#include "eligibility/rules.h"
#include "store/pod_row.h"

namespace podcron::eligibility {
namespace {

using store::PodHandle;
using store::PodStore;

// What controllers of serving pods are called unless the administrator says otherwise.
constexpr std::array<std::string_view, 3> kDefaultOwnerKinds{"ReplicaSet", "StatefulSet",
                                                             "DaemonSet"};

// An object's name has at most 253 characters, so a longer prefix is not "<owner>-" but "<owner>".
constexpr std::size_t kNameBytesMax = 253;

/// The arguments of one evaluation and what follows from them for every pod.
struct Inquiry {
  const PodStore& pods;
  const store::WorkloadStore& owners;
  const Criteria& criteria;
  /// The object that workloadRef names; null when there is no reference or it is not known.
  const api::Workload* declared = nullptr;
  /// Null: no pod can match, because the selector is that of a workload that is not known.
  const api::LabelSelector* selector = nullptr;
  /// A selector asks for labels that pods of one shape do not share.
  bool asks_own_labels = false;
  /// Of target.serviceName; null when it has none, or there is no such name.
  const store::ServiceEndpoints* service = nullptr;
};

const api::Workload* declared_workload(const store::WorkloadStore& owners,
                                       const Criteria& criteria) {
  const auto& ref = criteria.target->workload_ref;
  if (!ref) return nullptr;
  const api::Workload* workload = owners.find(ref->kind, criteria.namespace_, ref->name);
  return workload != nullptr && workload->api_group == ref->api_group ? workload : nullptr;
}

bool asks_own_labels(const api::LabelSelector* selector) {
  return selector != nullptr &&
         std::any_of(selector->requirements.begin(), selector->requirements.end(),
                     [](const auto& each) { return store::is_own_label(each.key); });
}

Inquiry inquire(const PodStore& pods, const store::WorkloadStore& owners,
                const Criteria& criteria) {
  PODCRON_ASSERT(criteria.target != nullptr);
  Inquiry inquiry{pods, owners, criteria};
  const api::Target& target = *criteria.target;
  inquiry.declared = declared_workload(owners, criteria);
  inquiry.selector = &target.selector;
  if (target.selector.empty() && target.workload_ref) {
    inquiry.selector = inquiry.declared == nullptr ? nullptr : &inquiry.declared->selector;
  }
  if (criteria.endpoints != nullptr && !target.service_name.empty()) {
    inquiry.service = criteria.endpoints->find(criteria.namespace_, target.service_name);
  }
  inquiry.asks_own_labels = asks_own_labels(criteria.serving) || asks_own_labels(inquiry.selector);
  return inquiry;
}

bool kind_allowed(const Criteria& criteria, std::string_view kind) {
  const auto equals = [&](std::string_view allowed) { return allowed == kind; };
  if (criteria.owner_kinds == nullptr) {
    return std::any_of(kDefaultOwnerKinds.begin(), kDefaultOwnerKinds.end(), equals);
  }
  return std::any_of(criteria.owner_kinds->begin(), criteria.owner_kinds->end(), equals);
}

/// By UID from the pod's controller upwards: pod -> StatefulSet, or pod -> ReplicaSet ->
/// Deployment. A workload of a kind that is not watched (a Rollout, a CloneSet) has no UID to
/// compare with; it is whom an owner reference names by group, kind and name.
bool chain_ends_at(const Inquiry& inquiry, const api::OwnerReference& controller,
                   const api::Workload* owner) {
  const api::WorkloadRef& ref = *inquiry.criteria.target->workload_ref;
  const bool watched = api::is_watched_kind(ref.api_group, ref.kind);
  const auto is_declared = [&](const api::OwnerReference& each) {
    if (watched) return inquiry.declared != nullptr && each.uid == inquiry.declared->meta.uid;
    return each.api_group == ref.api_group && each.kind == ref.kind && each.name == ref.name;
  };
  return is_declared(controller) ||
         (owner != nullptr && owner->controller && is_declared(*owner->controller));
}

/// Never "the first one": injected sidecars may come first (KEP-2227).
void choose_container(const api::Target& target, const PodStore::Shape& shape, ShapeFacts& facts) {
  const std::string_view name =
      target.container.empty() ? shape.default_container : target.container;
  if (!name.empty()) {
    facts.container = find_container(shape.containers, name);
  } else if (shape.containers.size() == 1) {
    facts.container = 0;
  } else if (shape.containers.size() > 1) {
    facts.choice = ContainerChoice::kAmbiguous;
    return;
  }
  facts.choice = facts.container < 0 ? ContainerChoice::kNotFound : ContainerChoice::kChosen;
}

/// "<owner>-" without building the string.
bool is_prefix_of_owner(std::string_view generate_name, std::string_view owner) {
  if (generate_name.substr(0, owner.size()) != owner) return false;
  const std::string_view rest = generate_name.substr(owner.size());
  return rest == "-" || (rest.empty() && owner.size() >= kNameBytesMax);
}

void add_owner_facts(const Inquiry& inquiry, const PodStore::Shape& shape, const Lineage& lineage,
                     ShapeFacts& facts) {
  if (!shape.controller) return;
  const api::OwnerReference& controller = *shape.controller;
  const Criteria& criteria = inquiry.criteria;
  facts.owned = true;
  facts.owner_is_stateful_set = controller.kind == "StatefulSet";
  facts.generate_name_is_owners = is_prefix_of_owner(shape.generate_name, controller.name);
  facts.owner_kind_allowed = kind_allowed(criteria, controller.kind);
  facts.owner_chain_declared =
      !criteria.target->workload_ref || chain_ends_at(inquiry, controller, lineage.owner);
  facts.newest_revision = lineage.newest;
  facts.workload = lineage.workload;
}

/// A template that should be known and is not allows nothing: a copy must not pass because a watch
/// is late.
void add_template_facts(const PodStore::Shape& shape, const Lineage& lineage, ShapeFacts& facts) {
  const api::Workload* holder = lineage.template_holder;
  if (holder == nullptr) {
    if (lineage.has_template) facts.template_match = TemplateMatch::kDifferent;
    return;
  }
  facts.template_holder = holder;
  facts.template_match = match_template(shape.containers, holder->containers);
  facts.images = images_of(shape.containers, holder->containers);
}

void add_container_facts(const Inquiry& inquiry, const PodStore::Shape& shape,
                         const api::Workload* holder, ShapeFacts& facts) {
  choose_container(*inquiry.criteria.target, shape, facts);
  if (facts.choice != ContainerChoice::kChosen) return;
  const api::ContainerSpec& container = shape.containers[static_cast<std::size_t>(facts.container)];
  facts.stdin_open = container.stdin_open;
  facts.tty = container.tty;
  facts.has_readiness_probe = container.has_readiness_probe;
  const std::int32_t place =
      holder == nullptr ? -1 : find_container(holder->containers, container.name);
  if (place >= 0) {
    const api::ContainerSpec& in_template = holder->containers[static_cast<std::size_t>(place)];
    facts.template_stdin_open = in_template.stdin_open;
    facts.template_tty = in_template.tty;
  }
  const auto status =
      std::find(shape.status_names.begin(), shape.status_names.end(), container.name);
  if (status != shape.status_names.end()) {
    facts.status = static_cast<std::int32_t>(status - shape.status_names.begin());
  }
}

ShapeFacts facts_of(const Inquiry& inquiry, const PodStore::Shape& shape) {
  const Criteria& criteria = inquiry.criteria;
  const Lineage lineage = lineage_of(inquiry.owners, shape);
  ShapeFacts facts;
  facts.serving = criteria.serving == nullptr || criteria.serving->matches(shape.labels);
  facts.selected = inquiry.selector != nullptr && inquiry.selector->matches(shape.labels);
  facts.has_own_labels = shape.own_labels != 0;
  add_owner_facts(inquiry, shape, lineage, facts);
  add_template_facts(shape, lineage, facts);
  add_container_facts(inquiry, shape, lineage.template_holder, facts);
  return facts;
}

/// What facts_of() cannot say of one shape alone.
bool depends_on_others(const Criteria& criteria, const ShapeFacts& facts) {
  if (facts.template_match == TemplateMatch::kOtherImages) return true;
  return criteria.target->revision == api::Revision::kPreferLatest && !facts.newest_revision;
}

Subject subject_of(const Inquiry& inquiry, const ShapeFacts& facts, PodHandle pod,
                   const PodStore::Row& row, api::StringMap& labels) {
  const Criteria& criteria = inquiry.criteria;
  Subject subject{row, facts, criteria, facts.serving, facts.selected, inquiry.service};
  if (inquiry.asks_own_labels && facts.has_own_labels) {
    inquiry.pods.labels(pod, labels);
    subject.serving = criteria.serving == nullptr || criteria.serving->matches(labels);
    subject.selected = inquiry.selector != nullptr && inquiry.selector->matches(labels);
  }
  return subject;
}

Reason reason_at(std::size_t rule) {
  return rule == rules().size() ? Reason::kEligible : rules()[rule].reason;
}

/// Only when nothing but time is missing: whatever else changes is a watch event or the end of a
/// run.
void note_reconsideration(const Subject& subject, std::size_t failed, Assessment& out) {
  const std::optional<WallTime> instant = time_served_at(subject);
  if (!instant) return;
  const auto later = rules().subspan(failed + 1);
  if (!std::all_of(later.begin(), later.end(), [&](const Rule& rule) {
        return waits_for_time(rule.reason) || rule.passes(subject);
      })) {
    return;
  }
  out.reconsider_at = std::min(out.reconsider_at.value_or(*instant), *instant);
}

/// Rule 8: a registry-rewriting webhook does to all pods of a template the same. So other images
/// count as the template's when every pod that the owner made shows them, and as a change in place
/// when they differ. Pods that run something else have no vote: they are refused anyway.
void settle_images(const Inquiry& inquiry, Assessment::Scratch& scratch) {
  const std::vector<PodHandle>& all = inquiry.pods.in_namespace(inquiry.criteria.namespace_);
  auto& shown = scratch.images;
  shown.clear();
  for (const PodHandle pod : all) {
    const PodStore::Row& row = inquiry.pods.row(pod);
    const ShapeFacts& facts = scratch.facts[row.shape];
    if (facts.template_holder == nullptr || facts.template_match == TemplateMatch::kDifferent ||
        !is_made_by_owner(row, facts)) {
      continue;
    }
    const std::pair entry(facts.template_holder->meta.uid, facts.images);
    if (shown.empty() || shown.back() != entry) shown.push_back(entry);
  }
  std::sort(shown.begin(), shown.end());
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  for (const PodHandle pod : all) {
    ShapeFacts& facts = scratch.facts[inquiry.pods.row(pod).shape];
    if (facts.template_match != TemplateMatch::kOtherImages) continue;
    const Uid& holder = facts.template_holder->meta.uid;
    const auto first =
        std::lower_bound(shown.begin(), shown.end(), std::pair(holder, std::uint64_t{0}));
    const bool agreed = first != shown.end() && *first == std::pair(holder, facts.images) &&
                        (first + 1 == shown.end() || (first + 1)->first != holder);
    facts.template_match = agreed ? TemplateMatch::kSame : TemplateMatch::kDifferent;
  }
}

/// Facts of every shape of the namespace. False: no pod is of an older revision than another's.
bool survey(const Inquiry& inquiry, Assessment::Scratch& scratch) {
  const PodStore& pods = inquiry.pods;
  bool other_images = false;
  bool older = false;
  // Stamped instead of cleared: a namespace has few of the store's shapes.
  ++scratch.stamp;
  if (scratch.facts.size() < pods.shape_limit()) scratch.facts.resize(pods.shape_limit());
  for (const PodHandle pod : pods.in_namespace(inquiry.criteria.namespace_)) {
    ShapeFacts& facts = scratch.facts[pods.row(pod).shape];
    if (facts.stamp == scratch.stamp) continue;
    facts = facts_of(inquiry, pods.shape(pod));
    facts.stamp = scratch.stamp;
    other_images = other_images || facts.template_match == TemplateMatch::kOtherImages;
    older = older || !facts.newest_revision;
  }
  if (other_images) settle_images(inquiry, scratch);
  return older;
}

void judge(const Inquiry& inquiry, Assessment& out) {
  out.eligible.clear();
  out.matched = 0;
  out.without_readiness_probe = 0;
  out.counts.fill(0);
  out.reconsider_at.reset();
  for (const PodHandle pod : inquiry.pods.in_namespace(inquiry.criteria.namespace_)) {
    const PodStore::Row& row = inquiry.pods.row(pod);
    const ShapeFacts& facts = out.scratch.facts[row.shape];
    const Subject subject = subject_of(inquiry, facts, pod, row, out.scratch.labels);
    const std::size_t failed = first_failing(subject);
    const Reason reason = reason_at(failed);
    if (reason == Reason::kNotLabelledServing || reason == Reason::kSelectorMismatch) continue;
    ++out.matched;
    ++out.counts[static_cast<std::size_t>(reason)];
    if (reason == Reason::kEligible) {
      out.eligible.push_back(pod);
      out.without_readiness_probe += facts.has_readiness_probe ? 0 : 1;
    }
    if (waits_for_time(reason)) note_reconsideration(subject, failed, out);
  }
}

/// Marks the older revisions of workloads of which a pod of the newest is eligible. False: none.
/// Pods of the newest revision never depend on this, so that one more judgement settles it.
bool supersede(const Inquiry& inquiry, Assessment& out) {
  std::vector<Uid>& renewed = out.scratch.renewed;
  renewed.clear();
  const auto facts_at = [&](PodHandle pod) -> ShapeFacts& {
    return out.scratch.facts[inquiry.pods.row(pod).shape];
  };
  for (const PodHandle pod : out.eligible) {
    const ShapeFacts& facts = facts_at(pod);
    if (!facts.newest_revision || facts.workload == nullptr) continue;
    const Uid& workload = facts.workload->meta.uid;
    if (renewed.empty() || renewed.back() != workload) renewed.push_back(workload);
  }
  std::sort(renewed.begin(), renewed.end());
  bool any = false;
  for (const PodHandle pod : inquiry.pods.in_namespace(inquiry.criteria.namespace_)) {
    ShapeFacts& facts = facts_at(pod);
    if (facts.newest_revision || facts.workload == nullptr) continue;
    facts.superseded = std::binary_search(renewed.begin(), renewed.end(), facts.workload->meta.uid);
    any = any || facts.superseded;
  }
  return any;
}

/// The facts of one pod's shape, by a whole assessment where they depend on other pods.
ShapeFacts settled_facts(const Inquiry& inquiry, PodHandle pod) {
  ShapeFacts facts = facts_of(inquiry, inquiry.pods.shape(pod));
  if (!depends_on_others(inquiry.criteria, facts)) return facts;
  Assessment all;
  assess(inquiry.pods, inquiry.owners, inquiry.criteria, all);
  return all.scratch.facts[inquiry.pods.row(pod).shape];
}

std::vector<Reason> failing_rules(const Subject& subject) {
  std::vector<Reason> failing;
  for (const Rule& rule : rules()) {
    if (!rule.passes(subject)) failing.push_back(rule.reason);
  }
  return failing;
}

}  // namespace

Reason evaluate(const PodStore& pods, const store::WorkloadStore& owners, const Criteria& criteria,
                PodHandle pod) {
  const Inquiry inquiry = inquire(pods, owners, criteria);
  const ShapeFacts facts = settled_facts(inquiry, pod);
  api::StringMap labels;
  return reason_at(first_failing(subject_of(inquiry, facts, pod, pods.row(pod), labels)));
}

std::vector<Reason> evaluate_all(const PodStore& pods, const store::WorkloadStore& owners,
                                 const Criteria& criteria, const Assessment& assessment,
                                 PodHandle pod) {
  const Inquiry inquiry = inquire(pods, owners, criteria);
  const PodStore::Row& row = pods.row(pod);
  const ShapeFacts& facts = assessment.scratch.facts[row.shape];
  PODCRON_ASSERT(facts.stamp == assessment.scratch.stamp);
  api::StringMap labels;
  return failing_rules(subject_of(inquiry, facts, pod, row, labels));
}

Reason unexpected(const PodStore& pods, const store::WorkloadStore& owners,
                  const Criteria& criteria, PodHandle pod) {
  const PodStore::Row& row = pods.row(pod);
  if (row.terminating) return Reason::kEligible;  // its owner may be gone before it
  const Inquiry inquiry = inquire(pods, owners, criteria);
  const ShapeFacts facts = settled_facts(inquiry, pod);
  api::StringMap labels;
  for (const Reason reason : failing_rules(subject_of(inquiry, facts, pod, row, labels))) {
    const bool identity = reason < Reason::kRevisionExcluded;
    if (identity || reason == Reason::kEphemeralContainerRunning ||
        reason == Reason::kInteractiveSession) {
      return reason;
    }
  }
  return Reason::kEligible;
}

std::string_view target_container(const PodStore& pods, const api::Target& target, PodHandle pod) {
  ShapeFacts facts;
  choose_container(target, pods.shape(pod), facts);
  if (facts.choice != ContainerChoice::kChosen) return {};
  return pods.container_name(pod, static_cast<std::size_t>(facts.container));
}

void assess(const PodStore& pods, const store::WorkloadStore& owners, const Criteria& criteria,
            Assessment& out) {
  const Inquiry inquiry = inquire(pods, owners, criteria);
  const bool older = survey(inquiry, out.scratch);
  judge(inquiry, out);
  const bool prefers = criteria.target->revision == api::Revision::kPreferLatest;
  if (prefers && older && supersede(inquiry, out)) judge(inquiry, out);
}

std::string describe(const Assessment& assessment) {
  std::string text =
      fmt::format("{} of {} pods eligible", assessment.eligible.size(), assessment.matched);
  std::array<std::size_t, kReasonCount - 1> order{};
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i + 1;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (assessment.counts[a] != assessment.counts[b]) {
      return assessment.counts[a] > assessment.counts[b];
    }
    return a < b;
  });
  std::string_view separator = ": ";
  for (const std::size_t i : order) {
    if (assessment.counts[i] == 0) break;
    text +=
        fmt::format("{}{} {}", separator, assessment.counts[i], to_string(static_cast<Reason>(i)));
    separator = ", ";
  }
  return text;
}

}  // namespace podcron::eligibility

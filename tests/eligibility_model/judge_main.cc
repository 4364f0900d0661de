// podcron's verdicts on the worlds of tests/eligibility_model/run: raw JSON through the production
// decoder, store and rules.
//
// Standard input, a line each; a world ends with `?` and is forgotten then:
//   J <json>          the PodCronJob
//   S <text>          the serving selector; empty: every pod
//   K <kind>,<kind>   --owner-kinds
//   N <seconds>       now, as Unix time
//   B <uid>           a busy pod
//   O <kind> <json>   an owner or a ControllerRevision
//   E <json>          an EndpointSlice
//   L <json>          a Lease, of a session or of something else
//   R <uid>           a pod that rests after a start failure
//   P <json>          a pod
//   ?                 judge: one word a pod, in the order of the P lines: its failing rules with
//                     commas between them, `-` when it is eligible
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/codec.h"
#include "eligibility/eligibility.h"
#include "engine/sessions.h"
#include "kube/stream_decoder.h"
#include "store/endpoint_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::test {
namespace {

using eligibility::Reason;

constexpr std::string_view kNamespace = "shop";

[[noreturn]] void give_up(std::string_view what, std::string_view line) {
  std::cerr << "eligibility_judge: " << what << ": " << line.substr(0, 200) << '\n';
  std::exit(1);
}

struct World {
  api::PodCronJob job;
  api::LabelSelector serving;
  bool serves_all = false;
  std::vector<std::string> owner_kinds;
  WallTime now;
  std::set<Uid> busy;
  std::set<Uid> resting;
  store::EndpointStore endpoints;
  engine::Sessions sessions{""};
  store::WorkloadStore owners;
  store::PodStore pods;
  std::vector<std::string> names;  // of the pods, as they came
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

template <class T>
T decoded(Result<T> result, std::string_view line) {
  if (!result) give_up(result.error().message, line);
  return std::move(*result);
}

void read_owner(api::Decoder& decoder, std::string_view text, World& world) {
  const auto space = std::min(text.find(' '), text.size());
  const std::string kind(text.substr(0, space));
  const std::string_view json = text.substr(std::min(space + 1, text.size()));
  world.owners.apply(decoded(decoder.workload(json, kind), text), 1);
}

/// As the watch of the controller reads it.
void read_slice(std::string_view text, World& world) {
  kube::StreamDecoder decoder(kube::ObjectKind::kEndpointSlice, true);
  std::vector<kube::StreamItem> items;
  decoder.feed(R"({"type":"ADDED","object":)" + std::string(text) + "}\n", items);
  const auto* apply = items.size() == 1 ? std::get_if<kube::Apply>(&items.front()) : nullptr;
  if (apply == nullptr) give_up("no EndpointSlice", text);
  world.endpoints.apply(std::get<api::EndpointSlice>(apply->object), 1);
}

void read_line(api::Decoder& decoder, char letter, std::string_view text, World& world) {
  std::int64_t seconds = 0;
  switch (letter) {
    case 'J':
      world.job = decoded(decoder.pod_cron_job(text), text);
      return;
    case 'S':
      world.serves_all = text.empty();
      if (!text.empty()) world.serving = decoded(api::parse_selector(text), text);
      return;
    case 'K':
      world.owner_kinds = split(text);
      return;
    case 'N':
      std::from_chars(text.data(), text.data() + text.size(), seconds);
      world.now = WallTime(Seconds(seconds));
      return;
    case 'B':
      if (const auto uid = Uid::parse(text)) world.busy.insert(*uid);
      return;
    case 'R':
      if (const auto uid = Uid::parse(text)) world.resting.insert(*uid);
      return;
    case 'E':
      return read_slice(text, world);
    case 'L':
      world.sessions.apply(decoded(decoder.lease(text), text), 1);
      return;
    case 'O':
      return read_owner(decoder, text, world);
    case 'P': {
      const api::Pod pod = decoded(decoder.pod(text), text);
      world.names.push_back(pod.meta.name);
      world.pods.apply(pod, 1);
      return;
    }
    default:
      give_up("no such line", text);
  }
}

std::string joined(const std::vector<Reason>& failing) {
  std::string text;
  for (const Reason reason : failing) {
    if (!text.empty()) text += ',';
    text += to_string(reason);
  }
  return text.empty() ? "-" : text;
}

/// The three ways to ask must agree; else what each says.
std::string verdict(const World& world, const eligibility::Criteria& criteria,
                    const eligibility::Assessment& assessment, store::PodHandle pod) {
  const auto all = eligibility::evaluate_all(world.pods, world.owners, criteria, assessment, pod);
  const Reason first = eligibility::evaluate(world.pods, world.owners, criteria, pod);
  const bool offered = std::find(assessment.eligible.begin(), assessment.eligible.end(), pod) !=
                       assessment.eligible.end();
  std::string text = joined(all);
  if (first != (all.empty() ? Reason::kEligible : all.front())) {
    text += ",but-alone-" + std::string(to_string(first));
  }
  if (offered != all.empty()) text += offered ? ",but-offered" : ",but-not-offered";
  return text;
}

void judge(const World& world) {
  eligibility::Criteria criteria;
  criteria.namespace_ = kNamespace;
  criteria.target = &world.job.spec.job.target;
  criteria.serving = world.serves_all ? nullptr : &world.serving;
  criteria.owner_kinds = &world.owner_kinds;
  criteria.busy = [&](const Uid& pod) { return world.busy.count(pod) != 0; };
  criteria.now = world.now;
  criteria.endpoints = &world.endpoints;
  criteria.recently_failed = [&](const Uid& pod) { return world.resting.count(pod) != 0; };
  criteria.last_session = [&](const Uid& pod, api::SessionExclusion exclude) {
    return world.sessions.last(pod, exclude);
  };
  eligibility::Assessment assessment;
  eligibility::assess(world.pods, world.owners, criteria, assessment);
  std::string line;
  for (const std::string& name : world.names) {
    const auto pod = world.pods.find(kNamespace, name);
    line += pod ? verdict(world, criteria, assessment, *pod) : "not-in-the-store";
    line += ' ';
  }
  std::cout << line << '\n';
}

int run() {
  std::ios::sync_with_stdio(false);
  api::Decoder decoder;
  World world;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "?") {
      judge(world);
      world = World{};
    } else if (line.size() >= 2) {
      read_line(decoder, line[0], std::string_view(line).substr(2), world);
    }
  }
  return 0;
}

}  // namespace
}  // namespace podcron::test

int main() { return podcron::test::run(); }

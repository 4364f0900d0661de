#include "api/strategy_review.h"

#include "api/decode.h"
#include "api/json_writer.h"

namespace podcron::api {

std::string encode_strategy_review(const StrategyReview& review) {
  constexpr std::size_t kBytesPerPod = 160;
  JsonWriter json(512 + review.pods.size() * kBytesPerPod);
  json.begin_object();
  json.word("apiVersion", "podcron.dev/v1alpha1");
  json.word("kind", "StrategyReview");
  json.begin_object("request");
  json.text("uid", review.uid);
  json.begin_object("podCronJob");
  json.text("namespace", review.namespace_);
  json.text("name", review.pod_cron_job);
  json.word("uid", review.pod_cron_job_uid.to_string());
  json.end_object();
  json.text("run", review.run);
  json.time("scheduledTime", review.scheduled_time);
  json.number("eligible", review.eligible);
  json.number("maxPods", review.chosen_max);
  json.begin_array("pods");
  for (const OfferedPod& pod : review.pods) {
    json.begin_object();
    json.text("name", pod.name);
    json.word("uid", pod.uid.to_string());
    json.text_if("nodeName", pod.node_name);
    if (pod.ready_since) json.time("readySince", *pod.ready_since);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  return json.take();
}

void read_strategy_answer(const Node& node, StrategyAnswer& out) {
  const auto response = node.find("response");
  if (!response) return node.missing("response");
  const auto uid = response->find("uid");
  if (!uid) return response->missing("uid");
  uid->read(out.uid);
  // Without it a service that answers an empty object would seem to want no pod.
  const auto pods = response->find("pods");
  if (!pods) return response->missing("pods");
  pods->read(out.pods);
}

}  // namespace podcron::api

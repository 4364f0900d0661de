#include "api/codec.h"
#include "api/decode.h"

namespace podcron::api {

struct Decoder::Buffers {
  JsonParser parser;
};

Decoder::Decoder() : buffers_(std::make_unique<Buffers>()) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Result<Pod> Decoder::pod(std::string_view json) {
  return decode_object<Pod>(buffers_->parser, json, read_pod);
}

Result<Workload> Decoder::workload(std::string_view json, std::string_view kind) {
  return decode_object<Workload>(buffers_->parser, json, [kind](const Node& node, Workload& out) {
    read_workload(node, kind, out);
  });
}

Result<PodCronJob> Decoder::pod_cron_job(std::string_view json) {
  return decode_object<PodCronJob>(buffers_->parser, json, read_pod_cron_job);
}

Result<PodJob> Decoder::pod_job(std::string_view json) {
  return decode_object<PodJob>(buffers_->parser, json, read_pod_job);
}

Result<Lease> Decoder::lease(std::string_view json) {
  return decode_object<Lease>(buffers_->parser, json, read_lease);
}

Result<StrategyAnswer> Decoder::strategy_answer(std::string_view json) {
  return decode_object<StrategyAnswer>(buffers_->parser, json, read_strategy_answer);
}

Result<ContainerFate> Decoder::container_fate(std::string_view json, std::string_view container) {
  return decode_object<ContainerFate>(buffers_->parser, json,
                                      [container](const Node& node, ContainerFate& out) {
                                        read_container_fate(node, container, out);
                                      });
}

Result<PodAddress> Decoder::pod_address(std::string_view json) {
  return decode_object<PodAddress>(buffers_->parser, json, read_pod_address);
}

}  // namespace podcron::api

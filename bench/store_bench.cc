// What a watched pod costs: bytes in all (aim: at most 400), and the time of an apply and a
// look-up.
//
// Method: 100,000 realistic pods in 100 namespaces on 1,000 nodes; what the store added to the heap
// by mallinfo2, so that the allocator's own overhead counts. Arguments: pods per workload (that is,
// per set of shared labels), and whether they are a StatefulSet's, whose labels differ per pod.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/prng.h"
#include "store/pod_store.h"

namespace podcron::store {
namespace {

constexpr std::size_t kPods = 100'000;
constexpr std::size_t kNamespaces = 100;
constexpr std::size_t kNodes = 1'000;

std::string hex(Prng& prng, std::size_t digits) {
  std::string text;
  for (std::size_t i = 0; i < digits; ++i) text += "0123456789abcdef"[prng.below(16)];
  return text;
}

api::StringMap labels_of(const std::string& app, const std::string& revision) {
  return {{"app.kubernetes.io/component", "server"}, {"app.kubernetes.io/instance", app},
          {"app.kubernetes.io/managed-by", "Helm"},  {"app.kubernetes.io/name", app},
          {"app.kubernetes.io/version", "1.42.0"},   {"helm.sh/chart", "storefront-1.42.0"},
          {"pod-template-hash", revision},           {"podcron.dev/serving", "true"}};
}

/// Pods in the order of a LIST: by namespace and name.
class Cluster {
 public:
  Cluster(std::size_t pods_per_workload, bool stateful)
      : pods_per_workload_(pods_per_workload), stateful_(stateful) {}

  api::Pod pod(std::size_t number) {
    const std::size_t workload = number / pods_per_workload_;
    if (number % pods_per_workload_ == 0) start_workload(workload);
    api::Pod pod = template_;
    const std::size_t index = number % pods_per_workload_;
    pod.meta.namespace_ = "team-" + std::to_string(1'000 + number * kNamespaces / kPods);
    pod.meta.name = pod.generate_name;
    pod.meta.name += stateful_ ? std::to_string(index) : "bcd" + std::to_string(24 + index % 70);
    pod.meta.uid = Uid{prng_.next(), prng_.next()};
    pod.meta.resource_version = 1'000'000 + number;
    pod.meta.creation_timestamp = WallTime(Seconds(1'772'971'200 + prng_.below(1'000'000)));
    pod.ready_since = *pod.meta.creation_timestamp + Seconds(30);
    pod.node_name = "ip-10-0-" + std::to_string(prng_.below(kNodes)) + ".compute.internal";
    for (api::ContainerStatus& status : pod.statuses) {
      status.container_id = "containerd://" + hex(prng_, 64);
    }
    if (stateful_) {
      pod.labels.insert(pod.labels.begin() + 5,
                        {"apps.kubernetes.io/pod-index", std::to_string(index)});
      pod.labels.emplace_back("statefulset.kubernetes.io/pod-name", pod.meta.name);
    }
    return pod;
  }

 private:
  void start_workload(std::size_t workload) {
    // 24 characters, and with the ReplicaSet's hash and the generator's suffix 40.
    const std::string app = "storefront-api-" + std::to_string(100'000'000 + workload);
    const std::string revision = hex(prng_, 10);
    const std::string owner = stateful_ ? app : app + "-" + revision.substr(0, 9);
    template_ = api::Pod{};
    template_.labels = labels_of(app, revision);
    template_.generate_name = owner + "-";
    template_.controller = api::OwnerReference{"apps", stateful_ ? "StatefulSet" : "ReplicaSet",
                                               owner, Uid{prng_.next(), prng_.next()}};
    template_.phase = api::PodPhase::kRunning;
    template_.ready = true;
    for (const std::string& name : {app, std::string("istio-proxy")}) {
      api::ContainerSpec container;
      container.name = name;
      container.has_readiness_probe = true;
      template_.containers.push_back(container);
      template_.statuses.push_back({name, "", true, true, true});
    }
  }

  std::size_t pods_per_workload_;
  bool stateful_;
  Prng prng_{1};
  api::Pod template_;
};

std::size_t heap_bytes() {
  const struct mallinfo2 all = mallinfo2();
  return all.uordblks + all.hblkhd;
}

void BM_BytesPerPod(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    Cluster cluster(static_cast<std::size_t>(state.range(0)), state.range(1) != 0);
    const std::size_t before = heap_bytes();
    PodStore store;
    for (std::size_t i = 0; i < kPods; ++i) store.apply(cluster.pod(i), 1);
    const double bytes = static_cast<double>(heap_bytes() - before);
    state.counters["bytes/pod"] = bytes / static_cast<double>(kPods);
    state.counters["shapes"] = static_cast<double>(store.footprint().shapes);
  }
}
BENCHMARK(BM_BytesPerPod)
    ->ArgNames({"pods_per_workload", "stateful"})
    ->Args({20, 0})
    ->Args({10, 0})
    ->Args({10, 1})
    ->Args({3, 0})
    ->Args({1, 0})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// A fifth of the pods replaced in each round; `growth` is what twenty rounds added to the heap.
void BM_BytesAfterChurn(benchmark::State& state) {
  constexpr std::size_t kRounds = 20;
  constexpr std::size_t kPerRound = kPods / 5;
  for ([[maybe_unused]] auto _ : state) {
    Cluster cluster(10, false);
    PodStore store;
    std::vector<api::Pod> pods;
    for (std::size_t i = 0; i < kPods; ++i) pods.push_back(cluster.pod(i));
    for (const api::Pod& pod : pods) store.apply(pod, 1);
    const std::size_t before = heap_bytes();
    std::size_t number = kPods;
    for (std::size_t round = 0; round < kRounds; ++round) {
      for (std::size_t i = 0; i < kPerRound; ++i, ++number) {
        api::Pod& oldest = pods[number % kPods];
        store.erase(oldest.meta.namespace_, oldest.meta.name, oldest.meta.uid,
                    oldest.meta.resource_version);
        const std::string namespace_ = oldest.meta.namespace_;
        oldest = cluster.pod(number);
        oldest.meta.namespace_ = namespace_;
        store.apply(oldest, 1);
      }
    }
    state.counters["growth_bytes/pod"] =
        (static_cast<double>(heap_bytes()) - static_cast<double>(before)) /
        static_cast<double>(kPods);
  }
}
BENCHMARK(BM_BytesAfterChurn)->Iterations(1)->Unit(benchmark::kMillisecond);

std::vector<api::Pod> all_pods() {
  Cluster cluster(10, false);
  std::vector<api::Pod> pods;
  for (std::size_t i = 0; i < kPods; ++i) pods.push_back(cluster.pod(i));
  return pods;
}

void BM_ApplyNew(benchmark::State& state) {
  const std::vector<api::Pod> pods = all_pods();
  for ([[maybe_unused]] auto _ : state) {
    PodStore store;
    for (const api::Pod& pod : pods) store.apply(pod, 1);
    benchmark::DoNotOptimize(store.size());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kPods));
}
BENCHMARK(BM_ApplyNew)->Unit(benchmark::kMillisecond);

void BM_ApplyChanged(benchmark::State& state) {
  std::vector<api::Pod> pods = all_pods();
  PodStore store;
  for (const api::Pod& pod : pods) store.apply(pod, 1);
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    api::Pod& pod = pods[i];
    i = (i + 7'919) % kPods;
    pod.ready = !pod.ready;
    pod.meta.resource_version += kPods;
    benchmark::DoNotOptimize(store.apply(pod, 1));
  }
}
BENCHMARK(BM_ApplyChanged);

void BM_Find(benchmark::State& state) {
  const std::vector<api::Pod> pods = all_pods();
  PodStore store;
  for (const api::Pod& pod : pods) store.apply(pod, 1);
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(store.find(pods[i].meta.namespace_, pods[i].meta.name));
    i = (i + 7'919) % kPods;
  }
}
BENCHMARK(BM_Find);

}  // namespace
}  // namespace podcron::store

// The decision of one due time: judging 10,000 pods of a namespace (aim: at most 1 ms) and choosing
// among 10,000 eligible ones (aim: at most 50 us), without allocation in the steady state.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "base/prng.h"
#include "eligibility/eligibility.h"
#include "strategy/strategy.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

// Not inlined: GCC would see free() meet what a caller got from operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace podcron::eligibility {
namespace {

constexpr std::size_t kPods = 10'000;
constexpr std::size_t kNodes = 2'000;
constexpr WallTime kNow{Seconds(1'772'971'200)};
constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/// One namespace of `kPods` pods in ReplicaSets of `pods_per_owner`, all pods of one app.
class Namespace {
 public:
  explicit Namespace(std::size_t pods_per_owner, std::size_t count = kPods) {
    serving_.requirements = {{"podcron.dev/serving", api::SelectorOperator::kIn, {"true"}}};
    target_.selector.requirements = {{"app", api::SelectorOperator::kIn, {"shop"}}};
    api::Workload deployment;
    deployment.kind = "Deployment";
    deployment.meta.namespace_ = deployment.meta.name = "shop";
    deployment.meta.uid = deployment_uid_;
    owners_.apply(deployment, 1);
    Prng prng(1);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t owner = i / pods_per_owner;
      const std::string name = "shop-" + std::to_string(1'000'000'000 + owner);
      if (i % pods_per_owner == 0) add_owner(name, owner);
      api::Pod pod;
      pod.meta.namespace_ = "shop";
      pod.meta.name = name + "-";
      for (int c = 0; c < 5; ++c) pod.meta.name += kAlphabet[prng.below(kAlphabet.size())];
      pod.meta.uid = Uid{1, i};
      pod.labels = {{"app", "shop"}, {"pod-template-hash", name}, {"podcron.dev/serving", "true"}};
      pod.generate_name = name + "-";
      pod.controller = api::OwnerReference{"apps", "ReplicaSet", name, Uid{2, owner}};
      pod.node_name = "node-" + std::to_string(prng.below(kNodes));
      pod.phase = api::PodPhase::kRunning;
      pod.ready = true;
      pod.ready_since = kNow - Seconds(3600);
      pod.containers = {container_};
      pod.statuses = {{"app", "containerd://" + std::string(64, 'a'), true, true, true}};
      pods_.apply(pod, 1);
    }
  }

  Criteria criteria() {
    Criteria made;
    made.namespace_ = "shop";
    made.target = &target_;
    made.serving = &serving_;
    made.owner_kinds = &owner_kinds_;
    made.busy = [](const Uid& pod) { return pod.low == kPods; };
    made.now = kNow;
    return made;
  }

  /// The first ReplicaSet is of an older revision: a rollout that goes on, judged twice.
  void roll_out() {
    api::Workload oldest = *owners_.find(Uid{2, 0});
    oldest.template_hash = 1;
    owners_.apply(oldest, 1);
  }
  /// A webhook rewrites the registry of every pod's image.
  void rewrite_images() {
    std::vector<store::PodHandle> all = pods_.in_namespace("shop");
    for (const store::PodHandle handle : all) {
      api::Pod pod = pods_.expand(handle);
      pod.containers[0].image = 1;
      pods_.apply(pod, 1);
    }
  }

  api::Target target_;
  store::PodStore pods_;
  store::WorkloadStore owners_;

 private:
  void add_owner(const std::string& name, std::uint64_t number) {
    api::Workload owner;
    owner.kind = "ReplicaSet";
    owner.meta.namespace_ = "shop";
    owner.meta.name = name;
    owner.meta.uid = Uid{2, number};
    owner.containers = {container_};
    owner.controller = api::OwnerReference{"apps", "Deployment", "shop", deployment_uid_};
    owners_.apply(owner, 1);
  }

  Uid deployment_uid_{3, 3};
  api::LabelSelector serving_;
  std::vector<std::string> owner_kinds_{"ReplicaSet", "StatefulSet", "DaemonSet"};
  api::ContainerSpec container_{.name = "app"};
};

void assess_again_and_again(benchmark::State& state, Namespace& shop) {
  const Criteria criteria = shop.criteria();
  Assessment out;
  for (int i = 0; i < 20; ++i) assess(shop.pods_, shop.owners_, criteria, out);
  const std::size_t before = allocations;
  for ([[maybe_unused]] auto _ : state) {
    assess(shop.pods_, shop.owners_, criteria, out);
    benchmark::DoNotOptimize(out.eligible.data());
  }
  state.counters["allocations"] = static_cast<double>(allocations - before);
  state.counters["eligible"] = static_cast<double>(out.eligible.size());
}

void BM_Assess(benchmark::State& state) {
  Namespace shop(static_cast<std::size_t>(state.range(0)));
  if (state.range(1) != 0) {
    shop.target_.selector.requirements.push_back(
        {"apps.kubernetes.io/pod-index", api::SelectorOperator::kDoesNotExist, {}});
  }
  assess_again_and_again(state, shop);
}
BENCHMARK(BM_Assess)
    ->ArgNames({"pods_per_owner", "asks_own_label"})
    ->Args({10'000, 0})
    ->Args({100, 0})
    ->Args({10, 0})
    ->Args({100, 1})
    ->Unit(benchmark::kMicrosecond);

void BM_AssessWhatDependsOnOthers(benchmark::State& state) {
  Namespace shop(100);
  state.range(0) == 0 ? shop.roll_out() : shop.rewrite_images();
  assess_again_and_again(state, shop);
}
BENCHMARK(BM_AssessWhatDependsOnOthers)
    ->ArgName("images")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);

void BM_EvaluateOne(benchmark::State& state) {
  Namespace shop(100);
  const Criteria criteria = shop.criteria();
  const std::vector<store::PodHandle>& pods = shop.pods_.in_namespace("shop");
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(evaluate(shop.pods_, shop.owners_, criteria, pods[i]));
    i = (i + 7'919) % pods.size();
  }
}
BENCHMARK(BM_EvaluateOne);

/// The pods of StatefulSet db, the last of which Ordinal looks for.
void add_stateful(Namespace& shop, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    api::Pod pod;
    pod.meta.namespace_ = "shop";
    pod.meta.name = "db-" + std::to_string(i);
    pod.meta.uid = Uid{3, i};
    pod.generate_name = "db-";
    pod.controller = api::OwnerReference{"apps", "StatefulSet", "db", Uid{4, 4}};
    pod.ready_since = kNow;
    shop.pods_.apply(pod, 1);
  }
}

void BM_Choose(benchmark::State& state, const char* type) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const bool ordinal = std::string_view(type) == "Ordinal";
  Namespace shop(100, ordinal ? 0 : count);
  if (ordinal) add_stateful(shop, count);
  const std::vector<store::PodHandle>& pods = shop.pods_.in_namespace("shop");
  const strategy::Candidates candidates(shop.pods_, pods);
  api::StrategySpec spec;
  spec.type = type;
  spec.count = static_cast<std::int32_t>(state.range(1));
  spec.percent = 25;
  spec.ordinal = static_cast<std::int32_t>(count) - 1;
  api::StringMap used;
  for (std::size_t i = 0; i < api::kStrategyStateMax; ++i) {
    used.emplace_back(shop.pods_.name(pods[i * (pods.size() / api::kStrategyStateMax)]),
                      to_rfc3339(kNow - Seconds(static_cast<std::int64_t>(i))));
  }
  std::vector<std::uint32_t> out;
  const strategy::Row* row = strategy::find(type);
  const auto choose = [&](std::int64_t second) {
    out.clear();
    row->choose({spec, candidates, {Uid{5, 6}, kNow + Seconds(second), 0, used}}, out);
    benchmark::DoNotOptimize(out.data());
  };
  choose(1);
  const std::size_t before = allocations;
  std::int64_t second = 1;
  for ([[maybe_unused]] auto _ : state) choose(++second);
  state.counters["allocations"] = static_cast<double>(allocations - before);
  state.counters["chosen"] = static_cast<double>(out.size());
}
void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"pods", "count"})->Unit(benchmark::kMicrosecond);
  benchmark->Args({10'000, 1})->Args({100'000, 1});
}
BENCHMARK_CAPTURE(BM_Choose, random, "Random")
    ->Apply(sizes)
    ->Args({10'000, 10})
    ->Args({10'000, 64})
    ->Args({10'000, 1'000});
BENCHMARK_CAPTURE(BM_Choose, all, "All")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, round_robin, "RoundRobin")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, least_recent, "LeastRecent")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, sticky, "Sticky")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, oldest, "Oldest")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, newest, "Newest")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, ordinal, "Ordinal")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, per_topology, "PerTopology")->Apply(sizes);
BENCHMARK_CAPTURE(BM_Choose, percent, "Percent")->Apply(sizes);

}  // namespace
}  // namespace podcron::eligibility

// Everything the engine holds, and the steps of the data flow as member functions. Each group is
// in the .cc file that its heading names.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "eligibility/eligibility.h"
#include "engine/consultations.h"
#include "engine/elector.h"
#include "engine/engine.h"
#include "engine/event_recorder.h"
#include "engine/hand_made_table.h"
#include "engine/holders.h"
#include "engine/outbox.h"
#include "engine/self_test.h"
#include "engine/sessions.h"
#include "engine/start_back_off.h"
#include "engine/tables.h"
#include "kube/watch_machine.h"
#include "reconcile/choose.h"
#include "reconcile/hand_made.h"
#include "reconcile/run.h"
#include "store/endpoint_store.h"
#include "store/pod_store.h"
#include "store/workload_store.h"

namespace podcron::engine {

/// A step handles at most so many keys, so that completions are never far behind.
inline constexpr std::size_t kKeysPerStepMax = 64;
/// At most so many upgrades at once: the API server dials the node for each.
inline constexpr std::size_t kHandshakesMax = 16;
/// And so many of one run, whose pods may be slow to answer.
inline constexpr std::size_t kHandshakesOfRunMax = 8;

struct Engine::State {
  explicit State(EngineConfig config);

  // ---- engine.cc: one step ----
  WakeAt step(Now now, Input&& input);
  void note_clock(Now now);
  void on_zones_replaced(std::shared_ptr<const ZoneDatabase> zones);
  void note_server_date(Now now, std::optional<WallTime> date);
  [[nodiscard]] WallTime server_bound() const;
  [[nodiscard]] bool listed(bool late_ones_too) const;
  [[nodiscard]] bool synced() const;
  [[nodiscard]] bool may_tend() const;
  [[nodiscard]] bool may_start() const;
  void run_timers();
  [[nodiscard]] WakeAt wake_at() const;
  void log(LogLevel level, std::string_view message,
           std::vector<std::pair<std::string_view, std::string>> facts);
  void count(std::string_view name,
             std::vector<std::pair<std::string_view, std::string>> labels = {}, double value = 1);
  void gauge(std::string_view name, double value,
             std::vector<std::pair<std::string_view, std::string>> labels = {});
  void observe(std::string_view name, std::string_view executor, Millis value);
  void publish_gauges();
  void on_shutdown();
  void drain();
  void look_at_everything();

  // ---- leadership.cc: who decides, and what is left to who does not ----
  void tend_leadership();
  void on_election_answer(const KubeReply& reply);
  void hand_over();
  [[nodiscard]] bool is_left_by_us(const JobRow& row, const api::ActiveRun& active);
  void settle_own(JobRow& row);

  // ---- streams.cc: bytes decoded elsewhere -> rows (steps 1 to 4 of the data flow) ----
  struct Stream {
    kube::WatchMachine machine;
    std::string namespace_;  // empty: all
    EffectId open;
    std::uint32_t refusals = 0;
    bool needed = true;     // false: not asked for until need() says so
    bool late = false;      // needed since all others were listed: not being listed is no fault
    bool apart = false;     // only those PodCronJobs wait for it that ask for what it shows
    std::string refusal{};  // of one that is apart: the last one's words; empty: it was listed
    // Of EndpointSlices:
    std::set<std::string> asked{};   // names of Services in its selector; see kServicesAskedMax
    std::set<std::string> listed{};  // those of which the store has all slices
  };
  void open_streams();
  void need(std::initializer_list<kube::ObjectKind> kinds, std::string_view namespace_);
  void need_owners(std::string_view namespace_);
  void need_revisions(const api::Pod& pod);
  void on_batch(StreamBatch&& batch);
  void on_stream_ended(StreamEnded&& ended);
  void put(Stream& stream, kube::Object&& object);
  void remove(kube::Object&& object);
  void sweep(Stream& stream);
  /// Namespaces with the epoch of the list that last showed them so.
  using NamespaceSet = std::map<std::string, std::uint32_t, std::less<>>;
  void put_namespace(const api::Namespace& namespace_, std::uint32_t epoch);
  void mark_namespace(NamespaceSet& set, const std::string& name,
                      std::optional<std::uint32_t> epoch);
  void pod_changed(std::string_view namespace_, std::string_view name);
  [[nodiscard]] std::uint32_t epoch_of(kube::ObjectKind kind) const;

  // ---- endpoints.cc: EndpointSlices, while some PodCronJob names a Service ----
  void note_service(JobId user, std::string& service, std::string_view namespace_,
                    const api::Target& target);
  void forget_service(JobId user, std::string& service);
  void watch_services();
  void watch_services_of(std::string_view scope, std::set<std::string> wanted);
  void put_slice(const api::EndpointSlice& slice, std::uint32_t epoch);
  void remove_slice(const api::EndpointSlice& slice);
  void endpoints_listed(Stream& stream);
  void endpoints_changed(const std::vector<std::string>& services);
  void endpoints_refused();
  [[nodiscard]] const Stream* endpoint_stream(std::string_view namespace_) const;
  [[nodiscard]] bool endpoints_known(std::string_view namespace_, const api::Target& target) const;
  [[nodiscard]] std::string why_endpoints_unknown(std::string_view namespace_,
                                                  const api::Target& target) const;

  // ---- topology.cc: Nodes, and what a PodCronJob must wait for that others need not ----
  void note_topology(std::string_view namespace_, const api::StrategySpec& strategy);
  void nodes_changed();
  void note_refusal(Stream& stream, const StreamEnded& ended);
  [[nodiscard]] const Stream& node_stream() const;
  [[nodiscard]] bool nodes_known(const api::StrategySpec& strategy) const;
  [[nodiscard]] bool all_known(std::string_view namespace_,
                               const api::PodJobTemplateSpec& spec) const;
  /// nullopt: it is only not listed yet.
  [[nodiscard]] std::optional<reconcile::Unreadable> why_unknown(
      std::string_view namespace_, const api::PodJobTemplateSpec& spec) const;

  // ---- jobs.cc: plan and claim (steps 5 and 6) ----
  void enqueue(JobId id);
  void enqueue_named(std::string_view namespace_, std::string_view name);
  void process_job(JobRow& row);
  void parse_schedules(JobRow& row);
  std::optional<MonoTime> look_again_at(JobRow& row, const reconcile::Plan& plan);
  void await_pods(const JobRow& row, const reconcile::Plan& plan);
  void await_pods(JobId id, const std::string& namespace_, bool awaits);
  void end_replaced(const JobRow& row);
  bool flush_is_due(JobRow& row, bool settled);
  [[nodiscard]] reconcile::RunFact fact_of(const JobRow& row, const api::ActiveRun& active);
  void submit_status(JobRow& row, reconcile::Plan&& plan);
  void on_status_answer(Answer&& answer);
  void on_job_read(Answer&& answer);
  void put_job(api::PodCronJob&& job);
  void put_read_job(api::PodCronJob&& job);
  void erase_job(JobRow& row);
  void written(JobRow& row);
  void tidy_after_write(const api::PodCronJob& job);
  void read_job(JobRow& row);
  void set_wake(JobRow& row, std::optional<WallMillis> wall, std::optional<MonoTime> mono);
  [[nodiscard]] bool has_capacity(std::string_view namespace_) const;
  [[nodiscard]] bool is_busy(const Uid& pod, const Uid& job) const;
  void forget_claim(JobRow& row, bool won);
  void give_up_write(JobRow& row);
  void forget_ends(const api::PodCronJob& job);
  void wake_bound_waiters();
  void free_pods(const std::string& run);

  // ---- consult.cc: strategies that ask a service ----
  [[nodiscard]] reconcile::Consultation consultation(const JobRow& row, WallTime scheduled) const;
  void consult(const JobRow& row, const reconcile::Inquiry& inquiry);
  void consult(const HandMade& made, const reconcile::Inquiry& inquiry);
  void ask_service(const Consultations::Subject& subject, const api::StrategyWebhook& webhook,
                   api::StrategyReview&& review, const reconcile::Inquiry& inquiry);
  void consult_again(const JobRow& row, WallTime scheduled,
                     const eligibility::Assessment& assessment);
  void on_strategy_reply(const StrategyReply& reply);
  void ask_queued();

  // ---- session_reviews.cc: who works in which pod (rule 25) ----
  void on_session_review(SessionReview&& review);
  [[nodiscard]] bool is_own_session(const kube::ConnectReview& connect) const;
  void note_session(const kube::ConnectReview& connect, const Uid& pod, std::uint64_t review);
  void answer_review(std::uint64_t review, std::string_view result);
  void on_session_pod_read(const Answer& answer);
  void on_session_pod_checked(const Answer& answer);
  void on_session_stored(const Answer& answer);
  void session_stored(const std::optional<std::string>& pod);
  void session_changed(const std::optional<std::string>& pod);
  void tend_sessions();
  void tell_detection();
  void remove_sessions();
  void ask_own_account();
  void on_own_account(const Answer& answer);
  [[nodiscard]] eligibility::LastSession last_session() const;
  [[nodiscard]] reconcile::SessionDetection detection_for(const JobRow& row) const;
  [[nodiscard]] MonoTime sessions_wake_at() const;

  // ---- label_probe.cc ----
  void probe_labels(JobRow& row);
  void on_labels_probed(Answer&& answer);

  // ---- runs.cc: permit and record (steps 7 and 9) ----
  struct RunEntry {
    RunId id = 0;
    JobId job = 0;
    reconcile::Run run;
    std::map<std::uint32_t, EffectId> tasks{};
    struct Address {
      api::PodAddress pod;
      MonoTime read_at{};
    };
    std::map<std::uint32_t, Address> addresses{};  // of targets that HTTP goes to
    std::size_t handshakes = 0;
    std::optional<MonoTime> timer{};
  };
  void start_run(JobId job, reconcile::Run&& run);
  void start_run(const JobRow& row, reconcile::Run&& run) { start_run(row.id, std::move(run)); }
  void feed(RunEntry& entry, reconcile::RunInput&& input);
  void perform(RunEntry& entry, std::vector<reconcile::RunAction>& actions);
  void perform_one(RunEntry& entry, const reconcile::RunAction& action);
  void create_record(RunEntry& entry);
  [[nodiscard]] eligibility::Assessment assess(
      std::string_view namespace_, const Uid& job, std::int64_t generation,
      const api::PodJobTemplateSpec& spec,
      const std::function<bool(const Uid& pod)>& avoid = nullptr) const;
  [[nodiscard]] eligibility::Criteria criteria_of(std::string_view namespace_,
                                                  const api::Target& target) const;
  [[nodiscard]] eligibility::Assessment assess(const JobRow& row) const;
  void redraw(RunEntry& entry, const reconcile::Redraw& redraw);
  void on_answer(Answer&& answer);
  void on_lease_answer(const KubeReply& reply);
  void on_run_answer(RunEntry& entry, const Answer& answer);
  void on_pod_read(RunEntry& entry, const Answer& answer);
  void conclude(RunEntry& entry);
  void remember_end(const std::string& run, const Uid& job, std::string holder,
                    api::Outcome outcome, std::string_view why);
  void report_run(const RunEntry& entry, api::Outcome outcome, const std::string& reason);
  RunEntry* find_run(RunId id);
  [[nodiscard]] bool runs_here(const std::string& key) const { return run_by_key_.contains(key); }
  /// The run of this very entry; a PodJob that somebody made may have the name of a scheduled one.
  [[nodiscard]] bool runs_here(const std::string& key, const api::ActiveRun& active) const;
  Call record_call(const RunEntry& entry, CallKind kind, Priority priority, Method method,
                   std::string path, std::string body = "") const;

  // ---- dials.cc: act (step 8) ----
  void send_dials();
  void dial(RunEntry& entry, const reconcile::Dial& dial);
  [[nodiscard]] Effect task_of(const RunEntry& entry, const reconcile::Dial& dial,
                               EffectId id) const;
  [[nodiscard]] Effect http_task_of(const RunEntry& entry, const reconcile::Dial& dial,
                                    const api::HttpSpec& http, EffectId id) const;
  [[nodiscard]] bool is_stale(const RunEntry& entry, const reconcile::Dial& dial) const;
  void free_handshake(EffectId id);
  [[nodiscard]] std::string note_address(RunEntry& entry, std::uint32_t target,
                                         std::string_view pod);
  void not_dialled(RunEntry& entry, std::uint32_t target);
  void note_start(const RunEntry& entry, std::uint32_t target);
  std::string forget_task(const RunEntry& entry, std::uint32_t target);
  void on_task_started(const TaskStarted& started);
  void on_task_ended(TaskEnded&& ended);

  // ---- unexpected_pods.cc: pods that change while a run is in them ----
  void running_pod_changed(std::string_view namespace_, std::string_view name);
  void read_target(const RunEntry& entry, std::uint32_t target, CallKind kind);
  void on_fate_read(RunEntry& entry, const Answer& answer);
  void on_pod_checked(RunEntry& entry, const Answer& answer);
  void report_unexpected(RunEntry& entry, std::uint32_t target, std::string_view why);

  // ---- hand_made.cc: PodJobs made by hand, until they have a run or an end ----
  void note_hand_made(const api::PodJob& record);
  void forget_hand_made(HandMade& made);
  void enqueue_hand_made_of(const JobRow& parent);
  JobRow* parent_of(const HandMade& made);
  void wake_hand_made(HandMade& made, std::optional<WallMillis> wall, std::optional<MonoTime> mono);
  void hold_for(HandMade& made, const std::vector<api::TargetRef>& targets);
  void let_go(HandMade& made);
  [[nodiscard]] Uid pods_shared_by(const HandMade& made);
  [[nodiscard]] static std::string parent_key(const reconcile::RunOrigin& origin);
  [[nodiscard]] static EventSubject subject_of(const reconcile::RunOrigin& origin);
  reconcile::Draw draw_for(HandMade& made);
  [[nodiscard]] static api::StringMap strategy_state_for(const JobRow* parent,
                                                         const api::StrategySpec& strategy);
  void process_hand_made(HandMade& made);
  void follow(HandMade& made, reconcile::HandMadePlan&& plan);
  void await(HandMade& made, const reconcile::HandMadePlan& plan);
  void patch(HandMade& made, CallKind kind, Priority priority, std::string_view subresource,
             std::string body);
  void ask_about(HandMade& made, CallKind kind, std::string path);
  void write_parent(HandMade& made, reconcile::HandMadePlan&& plan);
  void tell(HandMade& made, const reconcile::HandMadePlan& plan);
  void end_by_hand(HandMade& made, const reconcile::HandMadePlan& plan);
  void give_back_hand_made();
  void give_back(HandMade& made);
  void on_hand_made_answer(Answer&& answer);
  void on_parent_asked(Answer&& answer);
  void on_place_taken(Answer&& answer);
  void start_by_hand(const std::string& name, const api::PodJob& record);
  void report_end_by_hand(const api::PodJob& record);

  // ---- retention.cc: finished PodJobs go, by history limits and by their own lifetime ----
  void limit_history(JobRow& row);
  bool expire(const std::string& key, RecordRow& row);
  void remove_record(const std::string& key, RecordRow& row, std::uint64_t resource_version);

  // ---- records.cc: take-over, finalizers ----
  void put_record(const api::PodJob& record);
  void put_read_record(const api::PodJob& record);
  [[nodiscard]] bool seen_to_go(kube::ObjectKind kind, std::uint64_t resource_version) const;
  void erase_record(const std::string& key);
  void tend_record(const std::string& key);
  void tend_active(JobRow& row);
  void inspect(JobRow& row, const api::ActiveRun& active);
  void on_inspected(Answer&& answer);
  void on_hand_made_inspected(const JobRow& row, const api::ActiveRun& active,
                              const KubeReply& reply);
  bool may_let_go(const RecordRow& row, const JobRow* job);
  [[nodiscard]] std::vector<api::TargetRef> choose_for(
      const JobRow& row, const api::ActiveRun& active,
      const eligibility::Assessment& assessment) const;
  void take_claim(JobRow& row, const api::ActiveRun& active);
  void on_claim_taken(Answer&& answer);
  void on_holder_swapped(Answer&& answer);
  void conclude_record(const RecordRow& row, api::PodJobPhase phase, std::string_view reason,
                       std::string message);
  void on_record_answer(Answer&& answer);
  void ask_owner(RecordRow& row);
  void on_owner_asked(Answer&& answer);
  void drop_finalizer(RecordRow& row);
  [[nodiscard]] reconcile::RunOrigin origin_of(const JobRow& row,
                                               const api::ActiveRun& active) const;
  [[nodiscard]] WallTime place_until(const RecordRow& row) const;
  [[nodiscard]] bool place_given_up(const RecordRow& row) const;
  bool holder_gone(std::string_view holder);

  EngineConfig config_;
  std::string holder_;
  Now now_{};
  std::vector<Effect>* out_ = nullptr;
  std::uint64_t next_id_ = 0;
  std::shared_ptr<const ZoneDatabase> zones_;
  api::Decoder decoder_;

  std::vector<Stream> streams_;
  store::PodStore pods_;
  store::WorkloadStore workloads_;
  store::EndpointStore endpoints_;
  store::NodeStore nodes_;
  JobTable jobs_;
  RecordTable records_;
  HandMadeTable hand_made_;
  PodLoad load_;
  StartBackOff back_off_;
  Consultations consultations_;
  Holders holders_;
  Elector elector_;
  Outbox outbox_;
  EventRecorder events_;
  Sessions sessions_;
  SelfTest self_test_;
  std::uint32_t detection_told_ = 0;  // version of what was logged and handed to the plans
  MonoTime sessions_at_{};            // when to look for Leases that are over
  std::string own_account_;           // as admission sees us; empty: not known yet
  /// Not answered yet, and until when they must be.
  std::map<std::uint64_t, MonoTime> session_reviews_;
  /// Those whose pod is read live, by its key.
  std::map<std::string, std::vector<SessionReview>, std::less<>> session_reads_;

  NamespaceSet suspended_namespaces_;  // whose annotation holds runs back
  NamespaceSet unseen_namespaces_;     // whose sessions the webhook is not asked about

  std::set<JobId> ready_;  // the work queue
  std::set<std::pair<WallMillis, JobId>> wall_timers_;
  std::set<std::pair<MonoTime, JobId>> mono_timers_;
  std::set<std::pair<MonoTime, RunId>> run_timers_;
  std::map<MonoTime, std::set<std::string>> record_timers_;
  std::map<std::string, std::set<JobId>, std::less<>> pod_watchers_;  // by namespace
  std::set<JobId> bound_waiters_;
  std::map<std::string, std::set<JobId>, std::less<>> service_users_;  // by service_key
  /// When other Services are to be watched than are; nullopt: they are.
  std::optional<MonoTime> watch_services_at_;
  MonoTime services_watched_at_{};
  // Claims in flight count against the bounds before they are runs.
  std::size_t claims_in_flight_ = 0;
  /// Our claims and runs by namespace.
  std::map<std::string, std::size_t, std::less<>> held_by_namespace_;

  std::map<RunId, RunEntry> runs_;
  std::map<std::string, RunId, std::less<>> run_by_key_;
  struct Task {
    RunId run = 0;
    reconcile::Dial dial;
    MonoTime dialled_at{};
  };
  std::map<std::uint64_t, Task> tasks_;  // by effect id
  std::set<std::uint64_t> handshakes_;
  /// Tasks under way by pod ("namespace/name").
  std::map<std::string, std::set<std::pair<RunId, std::uint32_t>>, std::less<>> dialled_;
  std::deque<std::pair<RunId, reconcile::Dial>> dials_;  // waiting for a handshake place
  RunId next_run_ = 0;
  /// Ends that no PodJob records, until the run has left `active`. Such an end is a word about the
  /// holder that `active` named then: a take-over makes it void. One that was judged because there
  /// was no PodJob is void when there is one after all (a late request of a holder that is gone).
  struct Unrecorded {
    Uid job;
    std::string holder;
    reconcile::RunFact fact;
  };
  std::map<std::string, Unrecorded, std::less<>> unrecorded_;
  /// Claims of ours that nobody here runs any more, because the API server refused to answer.
  struct Lost {
    Uid job;
    bool permitted = false;  // by a PodJob: then it may have been dialled
  };
  std::map<std::string, Lost, std::less<>> lost_;
  /// Runs (by key) whose PodJob is being looked at for a take-over.
  std::set<std::string, std::less<>> inspecting_;
  /// Leftovers are not looked at again before.
  std::map<std::string, MonoTime, std::less<>> rest_until_;

  std::optional<Millis> wall_offset_;  // wall - mono
  std::optional<std::pair<WallTime, MonoTime>> server_clock_;
  MonoTime gauges_at_{};
  std::uint32_t lease_refusals_ = 0;
  std::uint32_t election_refusals_ = 0;
  bool leads_ = false;  // as of this step
  bool listed_once_ = false;
  bool all_listed_ = false;  // synced() was seen to be true, and everything was looked at
  bool draining_ = false;
  bool exit_sent_ = false;
  bool grace_over_ = false;
  bool lease_released_ = false;
  std::optional<MonoTime> drain_until_;
};

/// The run may end in order for so long after SIGTERM, before it is given up: below the 30 s of
/// a pod's default grace, with room to write the records.
inline constexpr Millis kDrainGrace{20'000};
/// Then the records are written for so long, and the Lease is deleted for so long.
inline constexpr Millis kDrainRecords{5'000};
inline constexpr Millis kDrainLease{2'000};
/// Settled runs are written to the PodCronJob within this, unless a claim carries them earlier.
inline constexpr Millis kFlushAfter{4'000};

}  // namespace podcron::engine

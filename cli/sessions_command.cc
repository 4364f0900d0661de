// kubectl podcron sessions: who works in which pods of a namespace, as the controllers know it.
#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "api/json_writer.h"
#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "engine/sessions.h"
#include "kube/paths.h"

namespace podcron::cli {
namespace {

struct Session {
  std::string pod;
  engine::SessionKind kind;
  api::Lease lease;
};

Result<std::vector<Session>> list_sessions(ApiServer& server, const std::string& podcron_namespace,
                                           const std::string& namespace_,
                                           std::vector<std::string>& unreadable) {
  std::vector<Session> sessions;
  const std::string prefix = namespace_ + "/";
  const auto listed = server.list(
      kube::ObjectKind::kLease, kube::leases_path(podcron_namespace),
      [&](kube::Object&& object) {
        auto& lease = std::get<api::Lease>(object);
        const auto key = engine::session_named(lease.meta.name);
        if (!key || !lease.session_pod.starts_with(prefix)) return;
        std::string pod = lease.session_pod.substr(prefix.size());
        sessions.push_back({std::move(pod), key->second, std::move(lease)});
      },
      unreadable);
  if (!listed) return tl::unexpected(listed.error());
  std::sort(sessions.begin(), sessions.end(), [](const Session& a, const Session& b) {
    return std::tie(a.pod, a.lease.meta.name) < std::tie(b.pod, b.lease.meta.name);
  });
  return sessions;
}

std::string text_of(const std::optional<WallMillis>& time) {
  return time ? to_rfc3339(whole_seconds(*time)) : "";
}

std::string to_json(const std::vector<Session>& sessions) {
  api::JsonWriter json(64 + sessions.size() * 192);
  json.begin_object();
  json.begin_array("sessions");
  for (const Session& session : sessions) {
    json.begin_object();
    json.text("pod", session.pod);
    json.text("kind", to_string(session.kind));
    json.text("user", session.lease.holder_identity);
    json.text("first", text_of(session.lease.acquire_time));
    json.text("last", text_of(session.lease.renew_time));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

std::string to_text(const std::vector<Session>& sessions, const std::string& namespace_,
                    bool colours) {
  if (sessions.empty()) return fmt::format("no sessions in namespace {}\n", namespace_);
  Table table({"POD", "KIND", "USER", "FIRST", "LAST"});
  for (const Session& session : sessions) {
    table.add({{session.pod},
               {std::string(to_string(session.kind))},
               {printable(session.lease.holder_identity)},
               {text_of(session.lease.acquire_time)},
               {text_of(session.lease.renew_time)}});
  }
  return table.render(colours);
}

}  // namespace

Result<Printout> run_sessions(const SessionsCommand& command, const Surroundings& surroundings) {
  const auto choice = choose_cluster(command.cluster, surroundings);
  if (!choice) return tl::unexpected(choice.error());
  const auto server = ApiServer::open(choice->access);
  if (!server) return tl::unexpected(server.error());
  Printout printout;
  auto sessions =
      list_sessions(**server, command.podcron_namespace, choice->namespace_, printout.notes);
  if (!sessions) return tl::unexpected(sessions.error());
  if (!command.clear.empty()) {
    std::erase_if(*sessions, [&](const Session& each) { return each.pod != command.clear; });
    if (sessions->empty()) {
      return fail(ErrorCode::kNotFound, fmt::format("namespace {}: no session in pod \"{}\"",
                                                    choice->namespace_, command.clear));
    }
    for (const Session& session : *sessions) {
      const auto removed =
          (*server)->remove(kube::lease_path(command.podcron_namespace, session.lease.meta.name));
      if (!removed) return tl::unexpected(removed.error());
    }
  }
  printout.out = command.json ? to_json(*sessions)
                              : (command.clear.empty() ? "" : "cleared:\n") +
                                    to_text(*sessions, choice->namespace_, surroundings.colours);
  return printout;
}

}  // namespace podcron::cli

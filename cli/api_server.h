// Blocking requests to one API server: all that a command needs.
//
// The requests run on controller/net's I/O thread; the caller waits. One request at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "controller/config/cluster_access.h"
#include "engine/effects.h"
#include "kube/stream_item.h"

namespace podcron::cli {

class ApiServer {
 public:
  /// Reads certificates and token; nothing is sent yet. Errors: those of net::Credentials.
  static Result<std::unique_ptr<ApiServer>> open(const config::ClusterAccess& access);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  /// The body of a 200. Errors: kNotFound for a 404, else kInvalidArgument; the text names the
  /// server's reason, or why it could not be reached, and the kubeconfig it was reached by.
  Result<std::string> get(const std::string& path);

  /// What the API server would store if this YAML were created in the collection `path`, or took
  /// the place of the object at `path`: its defaults filled in, every rule and policy asked, a
  /// field that it does not know an error. Nothing is changed; the rights are asked for all the
  /// same. Errors: as get().
  Result<std::string> dry_run_create(const std::string& path, const std::string& yaml);
  Result<std::string> dry_run_replace(const std::string& path, const std::string& yaml);

  /// POST of JSON to the collection `path`: the object that was made. Errors: as get().
  Result<std::string> create(const std::string& path, const std::string& json);
  /// JSON merge patch: the object as it is now. Errors: as get().
  Result<std::string> merge_patch(const std::string& path, const std::string& json);

  /// DELETE. Errors: as get(); that it is not there is none.
  Result<void> remove(const std::string& path);

  /// Every object of the list, page by page to the end. One that cannot be decoded becomes a line
  /// of `unreadable` instead. Errors: as get(). `path` has no query.
  using Take = std::function<void(kube::Object&&)>;
  Result<void> list(kube::ObjectKind kind, const std::string& path, const Take& take,
                    std::vector<std::string>& unreadable);

 private:
  struct State;
  Result<std::string> ask(engine::Method method, const std::string& path,
                          const std::string& body = "", std::string_view content_type = {});
  explicit ApiServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// What a refused request means, in one line. `origin` says how the server was chosen.
Error refusal(int http_status, const std::string& body, const std::string& path,
              const std::string& origin);

}  // namespace podcron::cli

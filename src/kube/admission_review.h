// What the API server asks before it connects somebody to a pod, and what it is answered.
//
// Pure. The body comes over the network from whoever reaches the port, so any bytes are fine.
// Source: k8s.io/api admission/v1; k8s.io/apiserver ConnectResource (a CONNECT review carries the
// options of exec or attach as its object, and nothing of the pod but its name).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace podcron::kube {

/// One CONNECT to pods/exec or pods/attach. Names and user are as they came.
struct ConnectReview {
  std::string uid;  // of the review: repeated in the answer
  std::string namespace_;
  std::string pod;
  std::string user;
  bool attach = false;  // else exec
  bool stdin_open = false;
  bool tty = false;
};

/// Reads AdmissionReviews. Keeps its buffer between calls; belongs to one thread.
class ReviewDecoder {
 public:
  ReviewDecoder();
  ~ReviewDecoder();
  ReviewDecoder(ReviewDecoder&&) noexcept;
  ReviewDecoder& operator=(ReviewDecoder&&) noexcept;

  /// Errors: kMalformed with the path; also for reviews of anything but the two sub-resources.
  /// `review_uid` is set as soon as it is known, so that such a review can be answered too.
  Result<ConnectReview> decode(std::string_view body, std::string& review_uid);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The only answer there is: allowed.
std::string encode_review_answer(std::string_view review_uid);

/// Body of a POST to kSelfSubjectReviewsPath.
std::string encode_self_subject_review();
/// The user that the API server takes us for. Errors: kMalformed.
Result<std::string> decode_self_subject_review(std::string_view body);
inline constexpr std::string_view kSelfSubjectReviewsPath =
    "/apis/authentication.k8s.io/v1/selfsubjectreviews";

}  // namespace podcron::kube

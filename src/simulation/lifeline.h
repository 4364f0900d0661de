// Lets an action on the timeline find out that whoever put it there is gone.
//
// A crashed replica leaves actions behind: requests that the API server still executes, answers
// that nobody reads any more. Each captures a Lifeline::Witness and asks it first.
#pragma once

#include <memory>

namespace podcron::simulation {

class Lifeline {
 public:
  class Witness {
   public:
    [[nodiscard]] bool alive() const { return !token_.expired(); }

   private:
    friend class Lifeline;
    explicit Witness(std::weak_ptr<const char> token) : token_(std::move(token)) {}
    std::weak_ptr<const char> token_;
  };

  Lifeline() : token_(std::make_shared<const char>('\0')) {}
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  [[nodiscard]] Witness witness() const { return Witness(token_); }

 private:
  std::shared_ptr<const char> token_;
};

}  // namespace podcron::simulation

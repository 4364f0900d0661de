// Expected failure as a value.
//
// Source: docs/adr/0002-errors.md. `tl::expected` stands in for C++23's std::expected; the alias
// makes the later swap one line.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace podcron {

/// A new code is added only when a caller would react to it differently.
enum class ErrorCode {
  kInvalidArgument,  // the user wrote something that can never work
  kNotFound,         // it may exist later (an unknown time zone)
  kMalformed,        // bytes from outside that are not what they should be
  kNotImplemented,   // valid by the contract, but this build cannot do it yet
};

/// `message` reads: path, what was wrong, what was got, what is wanted. It is shown to users.
struct Error {
  ErrorCode code = ErrorCode::kInvalidArgument;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

/// Shorthand for `return tl::unexpected(Error{...})`.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace podcron

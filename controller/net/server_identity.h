// What a TLS server shows those who connect: its certificates and key, ready for OpenSSL.
//
// TLS 1.2 or later. Either read from files, or made here: then the certificate is its own
// authority, and the key never leaves the process.
#pragma once

#include <memory>
#include <string>
#include <utility>  // boost/asio/awaitable.hpp needs std::exchange and does not say so
#include <vector>

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"
#include "base/time.h"

namespace podcron::net {

struct ServerIdentity {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  std::string certificates;  // PEM, own certificate first
};

/// Errors: kNotFound or kMalformed naming the file; also when key and certificate do not belong
/// together.
Result<std::shared_ptr<ServerIdentity>> load_server_identity(const std::string& certificate_file,
                                                             const std::string& key_file);

/// For `names`, DNS names or IP addresses, from an hour before now (clocks differ) on for
/// `validity`. Cost: about 0.2 ms. Errors: kInvalidArgument naming a name that is none.
Result<std::shared_ptr<ServerIdentity>> make_server_identity(const std::vector<std::string>& names,
                                                             Seconds validity);

}  // namespace podcron::net

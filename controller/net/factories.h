// The implementations behind the interfaces of this folder.
#pragma once

#include <memory>

#include "controller/net/credentials.h"
#include "controller/net/exec_dialer.h"
#include "controller/net/io_thread.h"
#include "controller/net/pod_http.h"
#include "controller/net/stream_transport.h"
#include "controller/net/transport.h"

namespace podcron::net {

/// Both speak HTTP/1.1 over one pool of kept-alive connections. Destroy on the I/O thread, or
/// after it stopped.
struct BeastHttp {
  std::shared_ptr<Transport> requests;
  std::shared_ptr<StreamTransport> streams;
};
BeastHttp make_beast_http(IoThread& io, std::shared_ptr<Credentials> credentials);

std::shared_ptr<ExecDialer> make_beast_exec(IoThread& io, std::shared_ptr<Credentials> credentials,
                                            ExecLimits limits = {});

std::shared_ptr<PodHttp> make_pod_http(IoThread& io);

/// First thing in main, before any thread: cpprestsdk would otherwise start 40 threads and load
/// the system's CAs into every connection (34 ms each), trusting them for the API server.
void prepare_cpprest();

/// `prepare_cpprest` came before.
std::shared_ptr<StreamTransport> make_cpprest_streams(std::shared_ptr<Credentials> credentials);

}  // namespace podcron::net

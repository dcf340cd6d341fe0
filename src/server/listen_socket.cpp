#include "server/listen_socket.h"

#include <cerrno>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr int kBacklog = 512;  // the library's own would be 5, too few for a page that opens

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList addresses_of(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), str(port).c_str(), &hints, &found);
  if (status == 0) return {found, &freeaddrinfo};
  throw Error(ErrorCode::InvalidRequest,
              str("server: host '",
                  host,
                  "' has no address (",
                  gai_strerror(status),
                  "); set --host or AMS_HOST to an address of this machine"));
}

void make_private_and_nonblocking(int handle) {
  fcntl(handle, F_SETFD, FD_CLOEXEC);
  fcntl(handle, F_SETFL, fcntl(handle, F_GETFL) | O_NONBLOCK);
}

[[noreturn]] void throw_bind(const std::string& host, int port, int reason) {
  if (reason == EADDRINUSE) {
    throw Error(ErrorCode::InvalidRequest,
                str("server: port ",
                    port,
                    " of ",
                    host,
                    " is in use; another studio may be running, or set PORT or --port to a free "
                    "one"));
  }
  throw Error(ErrorCode::InvalidRequest,
              str("server: cannot listen on port ",
                  port,
                  " of ",
                  host,
                  " (",
                  std::generic_category().message(reason),
                  "); set --host and --port, or AMS_HOST "
                  "and PORT"));
}

}  // namespace

FileDescriptor open_listen_socket(const std::string& host, int port) {
  const AddressList addresses = addresses_of(host, port);
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    FileDescriptor socket(::socket(each->ai_family, each->ai_socktype, each->ai_protocol));
    if (socket.get() < 0) continue;
    // Only lets a restart pass the waiting state of old connections; two servers still collide.
    const int yes = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(socket.get(), each->ai_addr, each->ai_addrlen) == 0 &&
        listen(socket.get(), kBacklog) == 0) {
      make_private_and_nonblocking(socket.get());
      return socket;
    }
    reason = errno;
  }
  throw_bind(host, port, reason);
}

int port_of(const FileDescriptor& socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  const bool is_v6 = address.ss_family == AF_INET6;
  return ntohs(is_v6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                     : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

FileDescriptor accept_client(const FileDescriptor& listener) {
  FileDescriptor client(accept(listener.get(), nullptr, nullptr));
  if (client.get() < 0) return client;
  make_private_and_nonblocking(client.get());
  const int yes = 1;
  setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return client;
}

}  // namespace ams

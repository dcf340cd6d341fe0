#include "server/http_server.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <httplib.h>
#include <poll.h>
#include <unistd.h>

#include "api/problem_json.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "server/connection.h"
#include "server/connection_threads.h"
#include "server/library_adapter.h"
#include "server/listen_socket.h"
#include "server/problem_response.h"

namespace ams {
namespace {

struct StopPipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

StopPipe make_stop_pipe() {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) == 0) return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  throw Error(ErrorCode::Internal, "server: no pipe left; too many open files?");
}

// A whole answer for clients whose request never reached the library.
void refuse(Connection& connection, int status, std::string_view reason, const Problem& problem) {
  const std::string body = problem_json(problem).dump();
  const std::string text = str("HTTP/1.1 ",
                               status,
                               " ",
                               reason,
                               "\r\nContent-Type: application/json\r\nConnection: close\r\n"
                               "Content-Length: ",
                               body.size(),
                               "\r\n\r\n",
                               body);
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t count = connection.write(text.data() + sent, text.size() - sent);
    if (count < 0) return;
    sent += static_cast<size_t>(count);
  }
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, WebHandler handler)
      : stop_(make_stop_pipe()),
        listener_(open_listen_socket(options.host, options.port)),
        library_(std::move(handler)),
        max_connections_(options.max_connections) {}

  int port() const { return port_of(listener_); }

  void run() {
    ConnectionThreads threads(max_connections_);
    std::array<pollfd, 2> handles{
        {{listener_.get(), POLLIN, 0}, {stop_.read_end.get(), POLLIN, 0}}};
    for (;;) {
      if (poll(handles.data(), handles.size(), -1) < 0 && errno != EINTR) break;
      if (handles[1].revents != 0) break;
      if ((handles[0].revents & POLLIN) == 0) continue;
      accept_next(threads);
    }
  }

  void stop() {
    const char message = 's';
    [[maybe_unused]] const ssize_t written = write(stop_.write_end.get(), &message, 1);
  }

 private:
  void accept_next(ConnectionThreads& threads) {
    // Shared, because a task of the queue has to be copyable.
    const auto client = std::make_shared<FileDescriptor>(accept_client(listener_));
    if (client->get() < 0) {
      // No handle is left: the client stays in the listener's queue until one is.
      if (errno == EMFILE || errno == ENFILE) poll(nullptr, 0, 10);
      return;
    }
    if (threads.run([this, client] { serve(*client); })) return;
    Connection connection(*client, stop_.read_end, {});
    refuse(connection,
           503,
           "Service Unavailable",
           {.code = "busy",
            .title = "Too many connections",
            .message = "The studio serves as many clients as it can; try again in a moment."});
  }

  void serve(const FileDescriptor& client) {
    Connection connection(client, stop_.read_end, {});
    for (int count = 1; count <= kMaxRequestsPerConnection; ++count) {
      const HeadStatus status = connection.read_head();
      if (status == HeadStatus::Closed) return;
      if (status != HeadStatus::Complete) {
        refuse_head(connection, status);
        break;
      }
      const bool is_last = count == kMaxRequestsPerConnection;
      if (!library_.serve_request(connection, is_last) || !connection.is_at_next_request()) break;
    }
    connection.finish();
  }

  static void refuse_head(Connection& connection, HeadStatus status) {
    if (status == HeadStatus::TooLarge) {
      refuse(connection,
             431,
             "Request Header Fields Too Large",
             {.code = "too_large",
              .title = "The request's head is too large",
              .message = "The headers of a request may have at most 32 KiB."});
    } else {
      refuse(connection,
             408,
             "Request Timeout",
             {.code = "timed_out",
              .title = "The request came too slowly",
              .message = "The head of a request has to arrive within 10 s."});
    }
  }

  StopPipe stop_;
  FileDescriptor listener_;
  LibraryAdapter library_;
  size_t max_connections_;
};

HttpServer::HttpServer(const HttpServerOptions& options, WebHandler handler)
    : impl_(std::make_unique<Impl>(options, std::move(handler))) {}

HttpServer::~HttpServer() = default;
int HttpServer::port() const { return impl_->port(); }
void HttpServer::run() { impl_->run(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace ams

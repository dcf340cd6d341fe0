// Listens, reads requests, writes responses: HTTP/1.1 by cpp-httplib on connections of our own.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "server/web_message.h"

namespace ams {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  int port = 7860;               // 0: a free one
  size_t max_connections = 512;  // more are answered 503 and closed
};

// Thread-safe.
class HttpServer {
 public:
  // Binds and listens. `handler` runs on the threads of the connections and turns its own errors
  // into responses. Throws as open_listen_socket().
  HttpServer(const HttpServerOptions& options, WebHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

  // Serves until stop(), then ends all connections: an answer that is being written is finished if
  // its client takes it, streams end.
  void run();

  // Ends run(), from any thread and also before it started.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ams

// cpp-httplib as a parser of requests and a writer of responses, without its sockets and threads.
#pragma once

#include <httplib.h>

#include "server/connection.h"
#include "server/web_message.h"

namespace ams {

// Thread-safe.
class LibraryAdapter : private httplib::Server {
 public:
  explicit LibraryAdapter(WebHandler handler);

  // Reads one request, whose head the connection holds, and writes its response. False when the
  // connection has to be closed.
  bool serve_request(Connection& connection, bool is_last);

 private:
  void answer(const httplib::Request& request, httplib::Response& response, RequestBody body);

  WebHandler handler_;
};

}  // namespace ams

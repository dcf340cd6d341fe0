// From a request to the handler of its route: rules of access, session, body, errors, headers.
#pragma once

#include "server/route.h"
#include "server/services.h"
#include "server/web_message.h"

namespace ams {

// Answers every request; never throws. Thread-safe.
class Router {
 public:
  explicit Router(Services& services) : services_(services) {}

  WebResponse answer(const WebRequest& request);

 private:
  WebResponse dispatch(const WebRequest& request);
  WebResponse call(const Route& route, const WebRequest& request, std::vector<std::string> ids);

  Services& services_;
};

}  // namespace ams

// Requests to the Hub and to where it sends us: redirects by hand, so that the token stays with the
// endpoint, and retries with growing pauses.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/json.h"
#include "hub/http_connection.h"
#include "hub/hub_options.h"
#include "hub/web_address.h"

namespace ams {

// The reply at the end of a chain of redirects.
struct HubAnswer {
  HttpReply reply{};
  WebAddress address{};       // that gave it
  bool is_elsewhere = false;  // a redirect led to another host, which signs its addresses
  std::string linked_etag{};  // what the endpoint says the file is; empty: nothing
  std::string linked_size{};
};

// One thread's connections. Confined to that thread.
class HubSession {
 public:
  // Throws InvalidRequest if the endpoint is no web address.
  explicit HubSession(const HubOptions& options);

  // One try. `sink` sees the body of a success only. Throws Network for a redirect that is not
  // followed (too many, to plain http), and as HttpConnection::send().
  HubAnswer get(HttpRequest request, const BodySink& sink, const std::stop_token& stop);

  // As get(), but of the headers only, and not beyond the endpoint.
  HubAnswer head(const std::string& address, const std::stop_token& stop);

  // A document of at most 16 MiB, with retries. Throws Network, NotFound, Cancelled.
  Json get_json(const std::string& address, std::string_view what, const std::stop_token& stop);

  const HubOptions& options() const { return options_; }
  const WebAddress& endpoint() const { return endpoint_; }

 private:
  HubAnswer follow(HttpRequest request,
                   bool may_leave,
                   const BodySink& sink,
                   const std::stop_token& stop);

  HubOptions options_;
  WebAddress endpoint_;
  HttpConnection connection_;
};

// Pauses between attempts. Confined to one thread.
class RetryPause {
 public:
  explicit RetryPause(const HubOptions& options) : options_(options) {}

  void progressed() { attempts_ = 0; }
  // Waits until another attempt makes sense: Retry-After, or twice as long as the last time.
  // Throws what `answer` means if it is final or was the last attempt; Cancelled on stop.
  void wait(const HubAnswer& answer, std::string_view what, const std::stop_token& stop);

 private:
  const HubOptions& options_;
  int attempts_ = 0;
};

// What an answer that is no success means for people: host, status, what to do. `what` is the
// repository or file that was asked for.
Error explain_answer(const HubAnswer& answer, std::string_view what, bool has_token);

}  // namespace ams

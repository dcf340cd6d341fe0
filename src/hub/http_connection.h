// One HTTP request after the other over libcurl. The only file that knows its transfer interface.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace ams {

struct HttpRequest {
  std::string address;
  bool is_head = false;
  std::string token = {};               // sent as a bearer token; empty: none
  std::optional<int64_t> first_byte{};  // of a range request; absent: everything
  int64_t last_byte = 0;                // inclusive
};

struct HttpReply {
  int status = 0;                                // 0: no reply came
  std::map<std::string, std::string> headers{};  // names in lower case; the last of equal ones
  bool is_hopeless = false;  // another try would end in the same way: a wrong certificate
  std::string broken{};      // why the transfer ended early; empty: it did not

  // Empty if there is no such header.
  std::string header(const std::string& name) const;
};

// Called with each block of the body; false ends the transfer, which then counts as whole.
using BodySink = std::function<bool(const HttpReply&, std::string_view)>;

// A libcurl handle: keeps connections open between requests, verifies certificates, speaks http and
// https only, follows no redirect, uses the proxy that libcurl's environment names. Confined to one
// thread at a time.
class HttpConnection {
 public:
  struct Options {
    std::chrono::milliseconds connect_timeout{20'000};
    std::chrono::milliseconds stall_timeout{30'000};  // below 1 kB/s for so long; whole seconds
  };
  // Throws Internal if libcurl cannot be set up.
  explicit HttpConnection(const Options& options);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // What the network does wrong is in the reply. Throws Cancelled within about a second of a stop
  // and what `sink` throws.
  HttpReply send(const HttpRequest& request, const BodySink& sink, const std::stop_token& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ams

// A web server of a few lines on the loopback interface, made to misbehave.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ams {

struct FakeRequest {
  std::string method;
  std::string target;                          // path and query, or an address for a proxy
  std::map<std::string, std::string> headers;  // names in lower case
  // Of a Range header: the first byte and the last one.
  std::optional<std::pair<int64_t, int64_t>> range;
};

struct FakeReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::optional<size_t> stated_length{};  // in Content-Length; absent: that of the body
  std::optional<size_t> cut_after{};      // bytes of the body, then the connection ends
  size_t drip_bytes = 0;                  // at a time, with a pause after each; 0: all at once
  std::chrono::milliseconds drip_pause{50};
};

// Answers each request with what `handler` returns, on a thread of its own. The handler is called
// by one thread at a time.
class FakeServer {
 public:
  using Handler = std::function<FakeReply(const FakeRequest&)>;

  explicit FakeServer(Handler handler);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string address() const;  // "http://127.0.0.1:1234"
  std::vector<FakeRequest> requests() const;
  int64_t body_bytes_sent() const { return body_bytes_; }

 private:
  void accept_all();
  void serve(int connection);
  void send_reply(int connection, const FakeReply& reply, bool with_body);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> is_closing_ = false;
  std::atomic<int64_t> body_bytes_ = 0;
  mutable std::mutex mutex_;  // guards requests_ and calls of handler_
  std::vector<FakeRequest> requests_;
  std::mutex threads_mutex_;  // guards threads_
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace ams

// A client's connection as the HTTP library reads and writes it, with the limits that keep slow or
// silent clients from holding a thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <httplib.h>

#include "server/file_descriptor.h"

namespace ams {

inline constexpr int kMaxRequestsPerConnection = 1000;

struct ConnectionLimits {
  std::chrono::milliseconds idle{15'000};         // between two requests
  std::chrono::milliseconds head{10'000};         // until the head of a request is complete
  std::chrono::milliseconds write_stall{20'000};  // a client that takes nothing
  std::chrono::milliseconds body_grace{20'000};   // then the body has to keep up this rate:
  int64_t body_bytes_per_second = 4096;
  size_t head_bytes = size_t{32} << 10;
};

enum class HeadStatus { Complete, Closed, TooLarge, TimedOut };

// Confined to the thread of the connection. `stop` becomes readable when the server stops.
class Connection : public httplib::Stream {
 public:
  Connection(const FileDescriptor& socket,
             const FileDescriptor& stop,
             const ConnectionLimits& limits);

  // Waits for the head of the next request and holds it for read(). Closed also when the server
  // stops or the client stays silent.
  HeadStatus read_head();

  // What the head says of its body; from now on read() counts and times the body.
  void expect_body(int64_t bytes, bool is_chunked);

  // Whether the body was read to its end, so that another request can follow.
  bool is_at_next_request() const;

  // Tells the client that nothing follows and takes what it still sends, for a moment: closing at
  // once would make its system drop the answer.
  void finish();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* target, size_t size) override;
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override;

 private:
  using Clock = std::chrono::steady_clock;

  bool wait(short events, Clock::time_point deadline) const;
  ssize_t receive(Clock::time_point deadline);
  size_t unread() const { return buffer_.size() - begin_; }
  Clock::time_point body_deadline() const;

  const FileDescriptor& socket_;
  const FileDescriptor& stop_;
  ConnectionLimits limits_;
  std::string buffer_;  // received; read up to begin_
  size_t begin_ = 0;
  size_t head_bytes_ = 0;  // not read yet, that belong to the head
  Clock::time_point body_start_;
  int64_t body_bytes_ = 0;
  int64_t expected_bytes_ = 0;
  bool is_chunked_ = false;
};

}  // namespace ams

#include "server/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace ams {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::chrono::milliseconds kFarewell{2000};

// The library parses ranges with regular expressions and does not check them against the file, so
// this header is hidden from it; "x-range" is what the file route reads.
void hide_range_header(std::string& buffer, size_t& head_bytes) {
  constexpr std::string_view kName = "range:";
  for (size_t line = buffer.find("\r\n"); line < head_bytes; line = buffer.find("\r\n", line + 2)) {
    const std::string_view name = std::string_view(buffer).substr(line + 2, kName.size());
    const bool is_range =
        std::equal(name.begin(), name.end(), kName.begin(), kName.end(), [](char a, char b) {
          return (a | 0x20) == b || a == b;
        });
    if (!is_range) continue;
    buffer.insert(line + 2, "x-");
    head_bytes += 2;
  }
}

void describe(const sockaddr_storage& address, socklen_t size, std::string& ip, int& port) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address),
                  size,
                  host.data(),
                  host.size(),
                  service.data(),
                  service.size(),
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return;
  }
  ip = host.data();
  port = std::atoi(service.data());
}

}  // namespace

Connection::Connection(const FileDescriptor& socket,
                       const FileDescriptor& stop,
                       const ConnectionLimits& limits)
    : socket_(socket), stop_(stop), limits_(limits) {}

// Whether one of `events` came before the deadline. A stopping server ends the wait.
bool Connection::wait(short events, Clock::time_point deadline) const {
  std::array<pollfd, 2> handles{{{socket_.get(), events, 0}, {stop_.get(), POLLIN, 0}}};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left < 0) return false;
    const int ready = poll(handles.data(), handles.size(), static_cast<int>(left) + 1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    return handles[0].revents != 0;
  }
}

// Appends what has arrived to the buffer. Bytes, 0 at the end of the stream, -1 on a time-out.
ssize_t Connection::receive(Clock::time_point deadline) {
  std::array<char, 16384> block{};
  buffer_.erase(0, std::exchange(begin_, 0));
  for (;;) {
    const ssize_t count = recv(socket_.get(), block.data(), block.size(), 0);
    if (count >= 0) {
      buffer_.append(block.data(), static_cast<size_t>(count));
      return count;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return 0;
    if (!wait(POLLIN, deadline)) return -1;
  }
}

HeadStatus Connection::read_head() {
  head_bytes_ = 0;
  body_bytes_ = expected_bytes_ = 0;
  is_chunked_ = false;
  buffer_.erase(0, std::exchange(begin_, 0));
  if (buffer_.empty() && receive(Clock::now() + limits_.idle) <= 0) return HeadStatus::Closed;
  const Clock::time_point deadline = Clock::now() + limits_.head;
  for (size_t searched = 0;;) {
    const size_t end = buffer_.find(kEndOfHead, searched);
    if (end != std::string::npos) {
      head_bytes_ = end + kEndOfHead.size();
      hide_range_header(buffer_, head_bytes_);
      return HeadStatus::Complete;
    }
    if (buffer_.size() > limits_.head_bytes) return HeadStatus::TooLarge;
    searched = buffer_.size() - std::min(buffer_.size(), kEndOfHead.size() - 1);
    const ssize_t count = receive(deadline);
    if (count == 0) return HeadStatus::Closed;
    if (count < 0) return HeadStatus::TimedOut;
  }
}

void Connection::expect_body(int64_t bytes, bool is_chunked) {
  body_start_ = Clock::now();
  expected_bytes_ = bytes;
  is_chunked_ = is_chunked;
}

bool Connection::is_at_next_request() const {
  return head_bytes_ == 0 && !is_chunked_ && body_bytes_ == expected_bytes_;
}

void Connection::finish() {
  shutdown(socket_.get(), SHUT_WR);
  const Clock::time_point deadline = Clock::now() + kFarewell;
  do {
    buffer_.clear();
    begin_ = 0;
  } while (Clock::now() < deadline && receive(deadline) > 0);
}

bool Connection::is_readable() const { return unread() > 0 || wait(POLLIN, Clock::now()); }

// False once the client closed its side: a stream without a reader ends.
bool Connection::is_writable() const {
  std::array<pollfd, 2> handles{{{socket_.get(), POLLIN | POLLOUT, 0}, {stop_.get(), POLLIN, 0}}};
  if (poll(handles.data(), handles.size(), 0) < 0) return false;
  if (handles[1].revents != 0 || (handles[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
    return false;
  }
  char next = 0;
  return (handles[0].revents & POLLIN) == 0 || recv(socket_.get(), &next, 1, MSG_PEEK) != 0;
}

Connection::Clock::time_point Connection::body_deadline() const {
  return body_start_ + limits_.body_grace +
         std::chrono::milliseconds(body_bytes_ * 1000 / limits_.body_bytes_per_second);
}

ssize_t Connection::read(char* target, size_t size) {
  const bool is_head = head_bytes_ > 0;
  if (unread() == 0) {
    if (!is_chunked_ && body_bytes_ >= expected_bytes_) return 0;  // no body was announced
    if (const ssize_t count = receive(body_deadline()); count <= 0) return count;
  }
  const size_t count = std::min(size, is_head ? head_bytes_ : unread());
  std::memcpy(target, buffer_.data() + begin_, count);
  begin_ += count;
  if (is_head) {
    head_bytes_ -= count;
  } else {
    body_bytes_ += static_cast<int64_t>(count);
  }
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, size_t size) {
  for (;;) {
    const ssize_t count = send(socket_.get(), bytes, size, MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    if (!wait(POLLOUT, Clock::now() + limits_.write_stall)) return -1;
  }
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    describe(address, size, ip, port);
  }
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    describe(address, size, ip, port);
  }
}

// The library only compares it with the limit of select(), which nothing here uses.
socket_t Connection::socket() const { return 0; }

}  // namespace ams

#include "hub/fake_server.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ams {
namespace {

bool send_all(int connection, const char* bytes, size_t count) {
  while (count > 0) {
    const ssize_t sent = send(connection, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    count -= static_cast<size_t>(sent);
  }
  return true;
}

// Up to the empty line; requests of the tests have no bodies.
std::string receive_head(int connection) {
  std::string head;
  char byte = 0;
  while (head.size() < 65536 && !head.ends_with("\r\n\r\n")) {
    if (recv(connection, &byte, 1, 0) != 1) return "";
    head += byte;
  }
  return head;
}

FakeRequest parse(const std::string& head) {
  FakeRequest request;
  std::istringstream lines(head);
  std::string line;
  std::getline(lines, line);
  std::istringstream(line) >> request.method >> request.target;
  while (std::getline(lines, line) && line != "\r") {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
      return static_cast<char>(std::tolower(c));
    });
    request.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
  }
  if (const auto range = request.headers.find("range"); range != request.headers.end()) {
    const std::string& text = range->second;  // "bytes=100-199"
    const size_t dash = text.find('-');
    request.range = {std::atoll(text.c_str() + 6), std::atoll(text.c_str() + dash + 1)};
  }
  return request;
}

}  // namespace

FakeServer::FakeServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, length) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, generic, &length) != 0) {
    throw std::runtime_error("no port for a test server");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

FakeServer::~FakeServer() {
  is_closing_ = true;
  acceptor_.join();
  const std::lock_guard lock(threads_mutex_);
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

std::string FakeServer::address() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<FakeRequest> FakeServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeServer::accept_all() {
  while (!is_closing_) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, 20) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const std::lock_guard lock(threads_mutex_);
    threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void FakeServer::serve(int connection) {
  const std::string head = receive_head(connection);
  if (!head.empty()) {
    const FakeRequest request = parse(head);
    FakeReply reply;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      reply = handler_(request);
    }
    send_reply(connection, reply, request.method != "HEAD");
  }
  shutdown(connection, SHUT_RDWR);
  close(connection);
}

void FakeServer::send_reply(int connection, const FakeReply& reply, bool with_body) {
  std::ostringstream head;
  head << "HTTP/1.1 " << reply.status << " X\r\nConnection: close\r\nContent-Length: "
       << reply.stated_length.value_or(reply.body.size()) << "\r\n";
  for (const auto& [name, value] : reply.headers) head << name << ": " << value << "\r\n";
  head << "\r\n";
  const std::string text = head.str();
  if (!send_all(connection, text.data(), text.size()) || !with_body) return;
  const size_t end = std::min(reply.cut_after.value_or(reply.body.size()), reply.body.size());
  const size_t step = reply.drip_bytes > 0 ? reply.drip_bytes : size_t{16384};
  for (size_t sent = 0; sent < end && !is_closing_; sent += step) {
    const size_t count = std::min(step, end - sent);
    if (!send_all(connection, reply.body.data() + sent, count)) return;
    body_bytes_ += static_cast<int64_t>(count);
    if (reply.drip_bytes > 0) std::this_thread::sleep_for(reply.drip_pause);
  }
}

}  // namespace ams

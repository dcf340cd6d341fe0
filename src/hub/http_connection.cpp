#include "hub/http_connection.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>

#include <curl/curl.h>

#include "base/build_info.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// Longer than any server of this world needs; a flood of headers must not fill the memory.
constexpr size_t kMaxHeaderBytes = size_t{64} << 10;
constexpr long kStallBytesPerSecond = 1000;

void set_up_curl() {
  // Thread-safe since it is a static's initialiser; never cleaned up, as other threads may use it.
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(ErrorCode::Internal, "hub: libcurl cannot be initialised");
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Results that the same request gives again.
bool is_hopeless(CURLcode result) {
  return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
         result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL;
}

// What the callbacks of one transfer share.
struct Transfer {
  HttpReply reply{};
  const BodySink* sink = nullptr;
  const std::stop_token* stop = nullptr;
  size_t header_bytes = 0;
  bool is_ended = false;  // by the sink
  std::exception_ptr thrown{};
};

void read_header(Transfer& transfer, std::string_view line) {
  HttpReply& reply = transfer.reply;
  if (line.starts_with("HTTP/")) {  // also after "100 Continue" and a proxy's greeting
    reply.headers.clear();
    const size_t space = line.find(' ');
    const std::string code(space == std::string_view::npos ? "" : line.substr(space + 1, 3));
    reply.status = std::atoi(code.c_str());
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name(trimmed(line.substr(0, colon)));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  reply.headers[name] = trimmed(line.substr(colon + 1));
}

// The C callbacks: nothing may be thrown through libcurl, and less than `count` ends the transfer.
size_t on_header(char* bytes, size_t, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += count;
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.reply.is_hopeless = true;
    transfer.reply.broken = str("more than ", kMaxHeaderBytes, " bytes of headers");
    return 0;
  }
  try {
    read_header(transfer, {bytes, count});
    return count;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return 0;
  }
}

size_t on_body(char* bytes, size_t, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    if ((*transfer.sink)(transfer.reply, {bytes, count})) return count;
    transfer.is_ended = true;
  } catch (...) {
    transfer.thrown = std::current_exception();
  }
  return 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop->stop_requested() ? 1 : 0;
}

}  // namespace

std::string HttpReply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

class HttpConnection::Impl {
 public:
  explicit Impl(const Options& options) : options_(options), curl_(nullptr, curl_easy_cleanup) {
    set_up_curl();
    curl_.reset(curl_easy_init());
    if (!curl_) throw Error(ErrorCode::Internal, "hub: libcurl gives no handle");
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode result = curl_easy_setopt(curl_.get(), option, value);
    if (result == CURLE_OK) return;
    throw Error(ErrorCode::Internal,
                str("hub: libcurl refuses option ", option, ": ", curl_easy_strerror(result)));
  }

  void prepare(const HttpRequest& request, Transfer& transfer) {
    curl_easy_reset(curl_.get());  // options only: open connections stay
    set(CURLOPT_URL, request.address.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_USERAGENT, user_agent_.c_str());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
    const auto stall = std::chrono::ceil<std::chrono::seconds>(options_.stall_timeout).count();
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall));
    set(CURLOPT_NOBODY, request.is_head ? 1L : 0L);
    if (request.first_byte) {
      const std::string range = str(*request.first_byte, "-", request.last_byte);
      set(CURLOPT_RANGE, range.c_str());
    }
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_XFERINFOFUNCTION, on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_ERRORBUFFER, error_text_.data());
    error_text_.front() = '\0';
  }

  HttpReply send(const HttpRequest& request, const BodySink& sink, const std::stop_token& stop) {
    Transfer transfer{.sink = &sink, .stop = &stop};
    prepare(request, transfer);
    using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;
    HeaderList lines(nullptr, curl_slist_free_all);
    if (!request.token.empty()) {
      const std::string line = "Authorization: Bearer " + request.token;
      lines.reset(curl_slist_append(nullptr, line.c_str()));
      set(CURLOPT_HTTPHEADER, lines.get());
    }
    const CURLcode result = curl_easy_perform(curl_.get());
    if (transfer.thrown) std::rethrow_exception(transfer.thrown);
    if (stop.stop_requested())
      throw Error(ErrorCode::Cancelled, "hub: cancelled; the next download goes on from here");
    transfer.reply.is_hopeless |= is_hopeless(result);
    if (result != CURLE_OK && !transfer.is_ended && transfer.reply.broken.empty()) {
      const std::string_view detail = error_text_.data();
      transfer.reply.broken = detail.empty() ? curl_easy_strerror(result) : std::string(detail);
    }
    return std::move(transfer.reply);
  }

 private:
  Options options_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  std::string user_agent_ = str("ams/", version());
  std::array<char, CURL_ERROR_SIZE> error_text_{};
};

HttpConnection::HttpConnection(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
HttpConnection::~HttpConnection() = default;

HttpReply HttpConnection::send(const HttpRequest& request,
                               const BodySink& sink,
                               const std::stop_token& stop) {
  return impl_->send(request, sink, stop);
}

}  // namespace ams

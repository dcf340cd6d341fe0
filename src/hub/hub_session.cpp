#include "hub/hub_session.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr int kMaxRedirects = 8;
constexpr size_t kMaxDocumentBytes = size_t{16} << 20;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

HttpConnection::Options connection_options(const HubOptions& options) {
  return {.connect_timeout = options.connect_timeout, .stall_timeout = options.stall_timeout};
}

WebAddress endpoint_of(const HubOptions& options) {
  try {
    return parse_web_address(options.endpoint, "HF_ENDPOINT");
  } catch (const Error& error) {
    throw Error(ErrorCode::InvalidRequest, error.what());
  }
}

}  // namespace

HubSession::HubSession(const HubOptions& options)
    : options_(options),
      endpoint_(endpoint_of(options)),
      connection_(connection_options(options)) {}

HubAnswer HubSession::follow(HttpRequest request,
                             bool may_leave,
                             const BodySink& sink,
                             const std::stop_token& stop) {
  HubAnswer answer;
  answer.address = parse_web_address(request.address, "the address of a download");
  const BodySink only_success = [&sink](const HttpReply& reply, std::string_view bytes) {
    return reply.status >= 200 && reply.status < 300 && sink(reply, bytes);
  };
  for (int step = 0; step <= kMaxRedirects; ++step) {
    const bool is_endpoint = answer.address.origin == endpoint_.origin;
    const bool may_know_token = is_endpoint && is_private_channel(answer.address);
    request.address = answer.address.text;
    request.token = may_know_token ? options_.token : "";
    answer.reply = connection_.send(request, only_success, stop);
    if (is_endpoint && answer.linked_etag.empty()) {
      answer.linked_etag = answer.reply.header("x-linked-etag");
      answer.linked_size = answer.reply.header("x-linked-size");
    }
    const std::string location = answer.reply.header("location");
    if (!is_redirect(answer.reply.status) || location.empty()) return answer;
    const WebAddress next = follow_location(answer.address, location);
    if (!may_leave && next.origin != endpoint_.origin) return answer;
    answer.is_elsewhere |= next.origin != answer.address.origin;
    answer.address = next;
  }
  throw Error(ErrorCode::Network,
              str("hub: ",
                  answer.address.host,
                  " sends the download in circles, more than ",
                  kMaxRedirects,
                  " redirects; is HF_ENDPOINT right?"));
}

HubAnswer HubSession::get(HttpRequest request, const BodySink& sink, const std::stop_token& stop) {
  return follow(std::move(request), /*may_leave=*/true, sink, stop);
}

HubAnswer HubSession::head(const std::string& address, const std::stop_token& stop) {
  const BodySink no_body = [](const HttpReply&, std::string_view) { return false; };
  return follow({.address = address, .is_head = true}, /*may_leave=*/false, no_body, stop);
}

Json HubSession::get_json(const std::string& address,
                          std::string_view what,
                          const std::stop_token& stop) {
  RetryPause pause(options_);
  for (;;) {
    std::string text;
    const BodySink collect = [&text](const HttpReply&, std::string_view bytes) {
      text += bytes;
      return text.size() <= kMaxDocumentBytes;
    };
    const HubAnswer answer = get({.address = address}, collect, stop);
    if (answer.reply.status != 200 || !answer.reply.broken.empty()) {
      pause.wait(answer, what, stop);
      continue;
    }
    if (text.size() > kMaxDocumentBytes) {
      throw Error(ErrorCode::Network,
                  str("hub: ",
                      answer.address.host,
                      " lists ",
                      what,
                      " in more than ",
                      kMaxDocumentBytes,
                      " bytes"));
    }
    try {
      return Json::parse(text, str(answer.address.host, " about ", what));
    } catch (const Error& error) {
      throw Error(ErrorCode::Network,
                  str("hub: ", error.what(), "; is HF_ENDPOINT the address of a Hub?"));
    }
  }
}

}  // namespace ams

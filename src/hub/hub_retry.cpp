// RetryPause and explain_answer: what is tried again, and how the rest is put into words.
#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>

#include <curl/curl.h>

#include "base/error.h"
#include "base/str.h"
#include "hub/hub_session.h"

namespace ams {
namespace {

using std::chrono::milliseconds;

bool is_worth_another_try(const HubAnswer& answer) {
  const HttpReply& reply = answer.reply;
  if (reply.is_hopeless) return false;
  if (!reply.broken.empty() || reply.status == 0) return true;
  switch (reply.status) {
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      // The signed address of a storage host lasts minutes; the next attempt gets a new one.
      return answer.is_elsewhere || reply.status < 400;
  }
}

// Seconds or a date.
std::optional<milliseconds> retry_after(const HttpReply& reply) {
  const std::string text = reply.header("retry-after");
  if (text.empty()) return std::nullopt;
  if (text.size() <= 6 && text.find_first_not_of("0123456789") == std::string::npos) {
    return std::chrono::seconds(std::stoi(text));
  }
  const std::time_t when = curl_getdate(text.c_str(), nullptr);
  if (when < 0) return std::nullopt;
  return std::chrono::seconds(std::max<std::time_t>(0, when - std::time(nullptr)));
}

void wait_for(milliseconds pause, const std::stop_token& stop) {
  std::mutex mutex;  // guards nothing: only the stop ends the wait early
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, pause, [] { return false; });
  if (stop.stop_requested())
    throw Error(ErrorCode::Cancelled, "hub: cancelled; the next download goes on from here");
}

std::string refusal(const HubAnswer& answer, std::string_view what, bool has_token) {
  const std::string host = answer.address.host;
  if (answer.reply.header("x-error-code") == "GatedRepo") {
    return str(what,
               " asks for consent to its terms; accept them on its page at ",
               host,
               has_token ? "" : " and set HF_TOKEN");
  }
  return str(what,
             has_token ? " is not open to this HF_TOKEN" : " does not exist or is private",
             "; check the name",
             has_token ? " and the token's rights" : ", or set HF_TOKEN");
}

}  // namespace

void RetryPause::wait(const HubAnswer& answer, std::string_view what, const std::stop_token& stop) {
  ++attempts_;
  if (attempts_ >= options_.attempts || !is_worth_another_try(answer)) {
    throw explain_answer(answer, what, !options_.token.empty());
  }
  const int doublings = std::min(attempts_ - 1, 16);
  const milliseconds pause =
      retry_after(answer.reply).value_or(options_.first_delay * (1 << doublings));
  wait_for(std::min(pause, options_.max_delay), stop);
}

Error explain_answer(const HubAnswer& answer, std::string_view what, bool has_token) {
  const HttpReply& reply = answer.reply;
  const std::string asked = str("hub: ", answer.address.host, " was asked for ", what);
  if (!reply.broken.empty() || reply.status == 0) {
    return {ErrorCode::Network,
            str(asked,
                ": ",
                reply.broken.empty() ? "no reply" : reply.broken,
                reply.is_hopeless ? "" : "; run it again, it goes on where it stopped")};
  }
  const std::string status = str(asked, " and answered ", reply.status, ": ");
  switch (reply.status) {
    case 401:
    case 403:
      // The Hub does not tell strangers which private repositories exist.
      return {
          reply.header("x-error-code") == "RepoNotFound" ? ErrorCode::NotFound : ErrorCode::Network,
          status + refusal(answer, what, has_token)};
    case 404:
    case 410:
      return {ErrorCode::NotFound,
              str(status, "there is none; check the name and the revision, or HF_ENDPOINT")};
    case 407:
      return {ErrorCode::Network, str(status, "the proxy wants credentials; see https_proxy")};
    case 429:
      return {ErrorCode::Network,
              str(status, "too many requests; wait a few minutes, or set HF_TOKEN")};
    default:
      return {ErrorCode::Network, str(status, "run it again later, it goes on where it stopped")};
  }
}

}  // namespace ams

#include "hub/web_address.h"

#include <memory>

#include <curl/curl.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Handle new_handle() {
  Handle handle(curl_url(), curl_url_cleanup);
  if (!handle) throw std::bad_alloc();
  return handle;
}

// Empty if the address has no such part.
std::string part_of(const Handle& handle, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle.get(), part, &text, flags) != CURLUE_OK) return "";
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
  return text;
}

bool is_loopback(std::string_view host) {
  const bool is_number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (is_number && host.starts_with("127."));
}

WebAddress address_of(const Handle& handle, std::string_view what) {
  const std::string scheme = part_of(handle, CURLUPART_SCHEME);
  WebAddress address;
  address.host = part_of(handle, CURLUPART_HOST);
  if (scheme != "https" && scheme != "http") {
    throw Error(ErrorCode::Network,
                str("hub: ", what, " leads to a '", scheme, "' address, expected https or http"));
  }
  if (!part_of(handle, CURLUPART_USER).empty() || !part_of(handle, CURLUPART_PASSWORD).empty()) {
    throw Error(ErrorCode::Network,
                str("hub: ", what, " carries a user name or password for ", address.host));
  }
  address.is_https = scheme == "https";
  address.origin =
      str(scheme, "://", address.host, ":", part_of(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT));
  address.text = part_of(handle, CURLUPART_URL);
  return address;
}

}  // namespace

WebAddress parse_web_address(const std::string& text, std::string_view what) {
  const Handle handle = new_handle();
  if (curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    throw Error(ErrorCode::Network, str("hub: ", what, " is no web address"));
  }
  return address_of(handle, what);
}

WebAddress follow_location(const WebAddress& base, const std::string& location) {
  const std::string what = str("a redirect of ", base.host);
  const Handle handle = new_handle();
  if (curl_url_set(handle.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    throw Error(ErrorCode::Network, str("hub: ", what, " is no web address"));
  }
  WebAddress next = address_of(handle, what);
  if (base.is_https && !next.is_https) {
    throw Error(ErrorCode::Network,
                str("hub: ", what, " leads from https to plain http at ", next.host));
  }
  return next;
}

bool is_private_channel(const WebAddress& address) {
  return address.is_https || is_loopback(address.host);
}

std::string percent_encode(std::string_view text, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char character : text) {
    if (kPlain.find(character) != std::string_view::npos ||
        kept.find(character) != std::string_view::npos) {
      encoded += character;
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

}  // namespace ams

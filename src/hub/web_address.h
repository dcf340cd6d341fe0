// Web addresses: taken apart, compared, and followed from redirect to redirect.
#pragma once

#include <string>
#include <string_view>

namespace ams {

// The parts of an http or https address that decisions are made on.
struct WebAddress {
  std::string text;    // the whole address as it is sent
  std::string origin;  // "https://host:443": two addresses of one server have the same
  std::string host;
  bool is_https = false;
};

// Throws Network, naming `what`, for anything but http and https, and for addresses that carry a
// user name or password.
WebAddress parse_web_address(const std::string& text, std::string_view what);

// Where a Location header of a reply from `base` leads. Throws as parse_web_address(), and Network
// for a step from https down to http.
WebAddress follow_location(const WebAddress& base, const std::string& location);

// Whether what is sent there cannot be read on the way: https, or a host that is this machine.
bool is_private_channel(const WebAddress& address);

// Percent-encodes everything but letters, digits, "-._~" and the characters of `kept`.
std::string percent_encode(std::string_view text, std::string_view kept = "");

}  // namespace ams

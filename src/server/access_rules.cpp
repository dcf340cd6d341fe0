#include "server/access_rules.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <arpa/inet.h>

namespace ams {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return out;
}

// "[::1]:7860" -> "::1", "studio.lan:80" -> "studio.lan".
std::string host_name(std::string_view host_and_port) {
  if (!host_and_port.empty() && host_and_port.front() == '[') {
    return lower(host_and_port.substr(1, host_and_port.find(']') - 1));
  }
  return lower(host_and_port.substr(0, host_and_port.find(':')));
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127.";
}

bool is_own_host(std::string_view host_header, const AccessRules& rules) {
  const std::string name = host_name(host_header);
  if (name.empty()) return false;
  if (name == "localhost" || is_address(name)) return true;
  return std::any_of(rules.allowed_hosts.begin(),
                     rules.allowed_hosts.end(),
                     [&](const std::string& each) { return each == "*" || lower(each) == name; });
}

bool is_known_origin(std::string_view origin, std::string_view host, const AccessRules& rules) {
  if (origin.empty()) return true;
  if (!rules.cors_origin.empty() && (rules.cors_origin == "*" || rules.cors_origin == origin)) {
    return true;
  }
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && lower(origin.substr(scheme + 3)) == lower(host);
}

bool may_fetch_models(const AccessRules& rules) {
  if (!rules.token.empty()) return true;
  return rules.is_loopback && !rules.is_published && rules.cors_origin != "*";
}

bool has_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  const bool is_bearer = authorization.substr(0, kScheme.size()) == kScheme;
  const std::string_view given = is_bearer ? authorization.substr(kScheme.size()) : "";
  // Every byte of what was given is looked at, whether or not an earlier one was wrong.
  unsigned difference = given.size() == token.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char expected = token.empty() ? '\0' : token[i % token.size()];
    difference |= static_cast<unsigned char>(given[i] ^ expected);
  }
  return difference == 0 && !token.empty();
}

}  // namespace ams

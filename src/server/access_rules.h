// Who may ask: the rules on Host, Origin and token that every request passes first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/web_message.h"

namespace ams {

struct AccessRules {
  std::string token = {};                       // AMS_TOKEN; empty: none is needed
  std::string cors_origin = {};                 // AMS_CORS_ORIGIN; empty: this origin only
  std::vector<std::string> allowed_hosts = {};  // names besides addresses and localhost; "*": any
  bool is_loopback = true;                      // bound where only this machine can connect
  bool is_published = false;  // names were configured that lead here from elsewhere
};

// Whether the name in a Host header is one of this server. Addresses always are: only names can be
// pointed here by someone else (DNS rebinding).
bool is_own_host(std::string_view host_header, const AccessRules& rules);

// Whether the page that sent the request may: one from the host that it asks, or the one of
// cors_origin. No Origin at all comes from a client that is no page.
bool is_known_origin(std::string_view origin, std::string_view host, const AccessRules& rules);

// Whether the header Authorization carries the token. Takes the same time for every wrong one.
bool has_token(std::string_view authorization, std::string_view token);

// Whether whoever may ask is trusted to fill the disk with models: they have the token, or only
// this machine and its own page can ask.
bool may_fetch_models(const AccessRules& rules);

// True for addresses and names that only this machine can reach.
bool is_loopback_host(std::string_view host);

}  // namespace ams

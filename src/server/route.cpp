#include "server/route.h"

#include <iterator>
#include <utility>

namespace ams {
namespace {

// Cuts the first segment off: "/api/v1" -> "api", leaving "/v1".
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

std::vector<Route> all_routes() {
  std::vector<Route> all;
  for (auto* part : {&info_routes,
                     &upload_routes,
                     &job_routes,
                     &result_routes,
                     &file_routes,
                     &audio_routes,
                     &document_routes}) {
    std::vector<Route> rows = part();
    std::move(rows.begin(), rows.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> kRoutes = all_routes();
  return kRoutes;
}

bool match_path(std::string_view pattern, std::string_view path, std::vector<std::string>& ids) {
  ids.clear();
  while (!pattern.empty() && !path.empty()) {
    if (path.front() != '/') return false;
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return false;
      ids.emplace_back(given);
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

WebResponse json_response(int status, const Json& body) {
  return {.status = status,
          .content_type = "application/json",
          .headers = {{"Cache-Control", "no-store"}},
          .body = body.dump()};
}

}  // namespace ams

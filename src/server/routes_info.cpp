// What the server is and can do.
#include "api/options_json.h"
#include "api/server_json.h"
#include "server/problem_response.h"
#include "server/route.h"

namespace ams {
namespace {

WebResponse get_info(Services& services, const Call&) {
  return json_response(200, server_info_json(services.studio.state(), services.studio.survey()));
}

WebResponse get_options(Services& services, const Call&) {
  return json_response(200, options_json(services.studio.survey().defaults));
}

WebResponse get_models(Services& services, const Call&) {
  const auto models = survey_models(services.model_folders, services.test_models);
  std::vector<DownloadOffer> offers;
  if (may_fetch_models(services.access)) offers = services.studio.download_offers();
  return json_response(
      200, models_json(models, offers, services.studio.state(), services.studio.survey()));
}

Json status_json(const char* status) {
  Json health = Json::object();
  health.set("status", status);
  return health;
}

WebResponse get_health(Services&, const Call&) { return json_response(200, status_json("ok")); }

WebResponse get_readiness(Services& services, const Call&) {
  if (!services.stop.stop_requested()) return json_response(200, status_json("ready"));
  return problem_response(
      503,
      {.code = "busy", .title = "The studio shuts down", .message = "Try again when it is back."});
}

}  // namespace

std::vector<Route> info_routes() {
  return {
      {.method = "GET",
       .path = "/api/v1/info",
       .doc = "What this server is, what it does now and what it can do",
       .access = Access::Token,
       .answers = {{200, "ServerInfo"}},
       .handle = get_info},
      {.method = "GET",
       .path = "/api/v1/options",
       .doc = "The fields of every mode: labels, ranges, defaults, choices",
       .access = Access::Token,
       .answers = {{200, "Options"}},
       .handle = get_options},
      {.method = "GET",
       .path = "/api/v1/models",
       .doc = "The models on this machine, and those that it can fetch",
       .access = Access::Token,
       .answers = {{200, "ModelList"}},
       .handle = get_models},
      {.method = "GET",
       .path = "/healthz",
       .doc = "Whether the process is alive",
       .access = Access::Public,
       .answers = {{200, "Health"}},
       .handle = get_health},
      {.method = "GET",
       .path = "/readyz",
       .doc = "Whether it takes requests; 503 while it shuts down",
       .access = Access::Public,
       .answers = {{200, "Health"}},
       .handle = get_readiness},
  };
}

}  // namespace ams

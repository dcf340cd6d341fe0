#include "cli/serve_summary.h"

#include "base/size_text.h"
#include "base/str.h"
#include "studio/models/song_model_files.h"

namespace ams {
namespace {

std::string model_line(const EngineSurvey& survey) {
  if (survey.facts.model.empty()) return str("none; ", survey.missing);
  if (survey.is_test_model) {
    return str(survey.facts.model,
               ", the tiny one of the tests: it only makes noise (ams models, ams doctor)");
  }
  if (survey.is_built_in) {
    return str(survey.facts.model, ": ", kBuiltInModel, "; ", kGetFullModel);
  }
  return str(survey.facts.model, survey.facts.has_planner ? " with its planner" : ", no planner");
}

std::string memory_line(const ServerSettings& settings, const EngineSurvey& survey) {
  const std::string limit = settings.engine.memory_limit.empty()
                                ? ""
                                : str(", at most ", settings.engine.memory_limit, " used");
  return str(size_text(survey.needed_bytes),
             " of weights load with the first song; ",
             size_text(survey.free_bytes),
             " of ",
             size_text(survey.device_bytes),
             " are free",
             limit);
}

std::string access_line(const ServerSettings& settings) {
  const std::string token = settings.access.token.empty() ? "no token" : "with the token";
  if (settings.access.is_loopback) return str("this machine only, ", token);
  const bool is_open = settings.access.token.empty() && !settings.is_hosted;
  return str("the network, ", token, is_open ? "; AMS_TOKEN keeps strangers out" : "");
}

}  // namespace

std::string studio_address(const std::string& host, int port) {
  const bool is_any = host == "0.0.0.0" || host == "::";
  const bool is_v6 = host.find(':') != std::string::npos;
  return str("http://", is_any ? "127.0.0.1" : is_v6 ? str('[', host, ']') : host, ":", port);
}

std::string serve_summary(const ServerSettings& settings,
                          const EngineSurvey& survey,
                          const std::string& address) {
  const EngineFacts& facts = survey.facts;
  return str("ams: the studio is at ",
             address,
             "\n",
             "  device  ",
             facts.device,
             ", ",
             facts.device_name,
             ", ",
             facts.precision,
             "\n",
             "  memory  ",
             memory_line(settings, survey),
             "\n",
             "  model   ",
             model_line(survey),
             "\n",
             "  data    ",
             settings.studio.data_folder.string(),
             "\n",
             "  access  ",
             access_line(settings),
             "\n");
}

}  // namespace ams

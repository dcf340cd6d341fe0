#include "api/request_json.h"

#include "base/fields.h"

namespace ams {
namespace {

// The request's own rows and the one that selects its struct.
Fields body_fields(GenerateRequest& request, std::string& mode) {
  Fields rows = fields(request);
  rows.push_back({.name = "mode", .member = &mode, .choices = {"generate"}, .help = "Kind of job"});
  return rows;
}

}  // namespace

GenerateRequest parse_generate_request(const Json& body, std::vector<std::string>& warnings) {
  GenerateRequest request;
  std::string mode = "generate";
  read_json(body_fields(request, mode), body, warnings);
  validate(request);
  return request;
}

Json generate_request_json(const GenerateRequest& request) {
  GenerateRequest copy = request;
  std::string mode = "generate";
  return write_json(body_fields(copy, mode));
}

}  // namespace ams

#include "api/problem_json.h"

namespace ams {

Json problem_json(const Problem& problem) {
  Json actions = Json::array();
  for (const WayOut way_out : problem.actions) actions.push_back(way_out_name(way_out));
  Json object = Json::object();
  object.set("level", problem_level_name(problem.level));
  object.set("code", problem.code);
  object.set("field", problem.field.empty() ? Json() : Json(problem.field));
  object.set("title", problem.title);
  object.set("message", problem.message);
  object.set("actions", actions);
  return object;
}

}  // namespace ams

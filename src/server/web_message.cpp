#include "server/web_message.h"

namespace ams {
namespace {

std::string_view find(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

std::string_view WebRequest::header(const std::string& lower_case_name) const {
  return find(headers, lower_case_name);
}

std::string_view WebRequest::parameter(const std::string& name) const { return find(query, name); }

}  // namespace ams

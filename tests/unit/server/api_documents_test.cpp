// Holds docs/api.md and the page's types against the tables of the server.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/wire_types.h"
#include "server/openapi.h"

namespace ams {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(std::string(AMS_TEST_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ApiDocuments, page_is_up_to_date) {
  const std::string path = std::string(AMS_TEST_SOURCE_DIR) + "/docs/api.md";
  if (std::getenv("AMS_UPDATE_DOCS") != nullptr) std::ofstream(path) << api_markdown();
  EXPECT_TRUE(text_of("docs/api.md") == api_markdown())
      << "docs/api.md differs from the tables; run this test with AMS_UPDATE_DOCS=1";
}

// The members of an interface of types.ts that every answer has.
std::set<std::string> members_of(const std::string& source, const std::string& interface_name) {
  const size_t start = source.find("export interface " + interface_name + " {");
  if (start == std::string::npos) return {};
  const std::string body = source.substr(start, source.find("\n}", start) - start);
  std::set<std::string> members;
  const std::regex member(R"(\n  (\w+): )");
  for (std::sregex_iterator it(body.begin(), body.end(), member), end; it != end; ++it) {
    members.insert((*it)[1]);
  }
  return members;
}

TEST(ApiDocuments, types_of_the_page_have_the_same_members) {
  const std::string source = text_of("web/src/api/types.ts");
  ASSERT_FALSE(source.empty());
  int compared = 0;
  for (const std::string_view object : wire_objects()) {
    const std::set<std::string> theirs = members_of(source, std::string(object));
    if (theirs.empty()) continue;  // only in one of the two, or written inline there
    std::set<std::string> ours;
    for (const WireMember& member : wire_members()) {
      if (member.object == object) ours.emplace(member.name);
    }
    ++compared;
    for (const std::string& name : theirs) {
      EXPECT_TRUE(ours.count(name) != 0) << object << " lacks " << name;
    }
  }
  EXPECT_GE(compared, 12);
}

}  // namespace
}  // namespace ams

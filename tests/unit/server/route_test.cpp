#include "server/route.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/etag.h"
#include "server/file_response.h"

namespace ams {
namespace {

using testing::ElementsAre;

TEST(MatchPath, braces_take_one_segment) {
  std::vector<std::string> ids;
  EXPECT_TRUE(match_path("/api/v1/jobs/{id}/events", "/api/v1/jobs/j_1/events", ids));
  EXPECT_THAT(ids, ElementsAre("j_1"));
  EXPECT_FALSE(match_path("/api/v1/jobs/{id}", "/api/v1/jobs/", ids));
  EXPECT_FALSE(match_path("/api/v1/jobs/{id}", "/api/v1/jobs/a/b", ids));
  EXPECT_FALSE(match_path("/api/v1/jobs/{id}", "/api/v1/jobs", ids));
  EXPECT_FALSE(match_path("/docs", "docs", ids));
  EXPECT_FALSE(match_path("/docs", "/docs/", ids));
}

TEST(Routes, are_complete_and_different) {
  std::set<std::string> seen;
  for (const Route& route : routes()) {
    EXPECT_NE(route.handle, nullptr) << route.path;
    EXPECT_FALSE(route.doc.empty()) << route.path;
    EXPECT_FALSE(route.answers.empty()) << route.path;
    EXPECT_TRUE(seen.insert(std::string(route.method) + std::string(route.path)).second);
  }
}

TEST(Routes, of_the_api_ask_for_the_token) {
  for (const Route& route : routes()) {
    const bool is_api = route.path.starts_with("/api/") || route.path.starts_with("/v1/");
    EXPECT_EQ(route.access != Access::Public, is_api) << route.path;
  }
}

TEST(Etag, lists_and_weak_tags_match) {
  EXPECT_TRUE(matches_etag("\"a\"", "\"a\""));
  EXPECT_TRUE(matches_etag("\"b\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(matches_etag("*", "\"a\""));
  EXPECT_FALSE(matches_etag("", "\"a\""));
  EXPECT_FALSE(matches_etag("a", "\"a\""));
}

TEST(SafeFileName, has_nothing_that_a_header_or_disk_could_misread) {
  EXPECT_EQ(safe_file_name("song-1.wav"), "song-1.wav");
  EXPECT_EQ(safe_file_name("../a\"\r\nb"), "_._a___b");
  EXPECT_EQ(safe_file_name(".hidden"), "_hidden");
  EXPECT_EQ(safe_file_name(""), "audio");
  EXPECT_EQ(safe_file_name(std::string(500, 'x')).size(), 80u);
}

}  // namespace
}  // namespace ams

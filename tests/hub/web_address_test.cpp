#include "hub/web_address.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "hub/file_hash.h"
#include "support/expect_error.h"

namespace ams {
namespace {

TEST(WebAddress, servers_are_told_apart_by_scheme_host_and_port) {
  const WebAddress hub = parse_web_address("https://hub.example/a", "test");
  EXPECT_EQ(hub.origin, parse_web_address("https://hub.example:443/b?c", "test").origin);
  for (const char* other : {"http://hub.example/a",
                            "https://hub.example:8443/a",
                            "https://hub.example.evil.example/a",
                            "https://cdn.hub.example/a"}) {
    EXPECT_NE(hub.origin, parse_web_address(other, "test").origin) << other;
  }
}

TEST(WebAddress, redirects_may_be_relative) {
  const WebAddress base = parse_web_address("https://hub.example/a/b?c=d", "test");
  EXPECT_EQ(follow_location(base, "/x?y").text, "https://hub.example/x?y");
  EXPECT_EQ(follow_location(base, "//cdn.example/x").origin, "https://cdn.example:443");
}

TEST(WebAddress, redirects_do_not_give_up_encryption) {
  const WebAddress base = parse_web_address("https://hub.example/", "test");
  expect_error(
      ErrorCode::Network, "plain http", [&] { follow_location(base, "http://hub.example/"); });
}

TEST(WebAddress, names_and_passwords_are_refused) {
  expect_error(ErrorCode::Network, "user name", [] {
    parse_web_address("https://me:secret@hub.example/", "test");
  });
}

TEST(WebAddress, tokens_may_travel_encrypted_or_to_this_machine) {
  EXPECT_TRUE(is_private_channel(parse_web_address("https://hub.example/", "test")));
  EXPECT_TRUE(is_private_channel(parse_web_address("http://127.0.0.1:80/", "test")));
  EXPECT_FALSE(is_private_channel(parse_web_address("http://hub.example/", "test")));
  EXPECT_FALSE(is_private_channel(parse_web_address("http://127.0.0.1.evil.example/", "test")));
}

TEST(WebAddress, encoding_keeps_what_it_may) {
  EXPECT_EQ(percent_encode("refs/pr/1"), "refs%2Fpr%2F1");
  EXPECT_EQ(percent_encode("a b/\xC3\xA4?.json", "/"), "a%20b/%C3%A4%3F.json");
}

TEST(FileHash, is_read_from_etags_of_all_forms) {
  const std::string sha256(64, 'a');
  EXPECT_EQ(parse_file_hash("\"" + sha256 + "\"")->kind, FileHash::Kind::Sha256);
  EXPECT_EQ(parse_file_hash("W/\"" + std::string(40, 'b') + "\"")->kind, FileHash::Kind::GitBlob);
  EXPECT_FALSE(parse_file_hash("\"" + std::string(32, 'b') + "-5\""));
  EXPECT_FALSE(parse_file_hash("../../../etc/passwd"));
  EXPECT_FALSE(parse_file_hash(""));
}

}  // namespace
}  // namespace ams

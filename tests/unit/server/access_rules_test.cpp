#include "server/access_rules.h"

#include <gtest/gtest.h>

namespace ams {
namespace {

TEST(OwnHost, addresses_and_localhost_always_are) {
  const AccessRules rules;
  for (const char* host :
       {"localhost", "LOCALHOST:80", "127.0.0.1:7860", "192.168.1.5", "[::1]:7860", "[fe80::1]"}) {
    EXPECT_TRUE(is_own_host(host, rules)) << host;
  }
}

TEST(OwnHost, names_have_to_be_listed) {
  AccessRules rules;
  for (const char* host :
       {"", "evil.example", "127.0.0.1.evil.example", "[", ":80", "localhost.evil"}) {
    EXPECT_FALSE(is_own_host(host, rules)) << host;
  }
  rules.allowed_hosts = {"Music.Example"};
  EXPECT_TRUE(is_own_host("music.example:443", rules));
  EXPECT_FALSE(is_own_host("x.music.example", rules));
  rules.allowed_hosts = {"*"};
  EXPECT_TRUE(is_own_host("evil.example", rules));
}

TEST(KnownOrigin, is_the_host_that_is_asked) {
  const AccessRules rules;
  EXPECT_TRUE(is_known_origin("", "127.0.0.1:7860", rules));
  EXPECT_TRUE(is_known_origin("http://127.0.0.1:7860", "127.0.0.1:7860", rules));
  EXPECT_TRUE(is_known_origin("https://music.example", "music.example", rules));
  for (const char* origin :
       {"null", "http://127.0.0.1:7861", "http://evil.example", "127.0.0.1:7860", "http://"}) {
    EXPECT_FALSE(is_known_origin(origin, "127.0.0.1:7860", rules)) << origin;
  }
}

TEST(KnownOrigin, can_be_opened_for_one) {
  AccessRules rules;
  rules.cors_origin = "https://music.example";
  EXPECT_TRUE(is_known_origin("https://music.example", "127.0.0.1", rules));
  EXPECT_FALSE(is_known_origin("http://music.example", "127.0.0.1", rules));
  EXPECT_FALSE(is_known_origin("https://music.example.evil", "127.0.0.1", rules));
}

TEST(Token, has_to_be_equal) {
  EXPECT_TRUE(has_token("Bearer secret", "secret"));
  for (const char* wrong : {"",
                            "Bearer",
                            "Bearer ",
                            "Bearer secre",
                            "Bearer secrets",
                            "Bearer Secret",
                            "bearer secret",
                            "secret",
                            "Bearer secretsecret"}) {
    EXPECT_FALSE(has_token(wrong, "secret")) << wrong;
  }
  EXPECT_FALSE(has_token("Bearer ", ""));
}

TEST(LoopbackHost, is_reached_by_this_machine_only) {
  EXPECT_TRUE(is_loopback_host("127.0.0.1"));
  EXPECT_TRUE(is_loopback_host("::1"));
  EXPECT_FALSE(is_loopback_host("0.0.0.0"));
  EXPECT_FALSE(is_loopback_host("192.168.1.5"));
}

TEST(FetchingModels, is_for_this_machine_and_for_holders_of_the_token) {
  EXPECT_TRUE(may_fetch_models({}));
  EXPECT_TRUE(may_fetch_models({.cors_origin = "https://music.example"}));
  EXPECT_FALSE(may_fetch_models({.is_loopback = false}));
  EXPECT_FALSE(may_fetch_models({.is_published = true}));  // behind a proxy
  EXPECT_FALSE(may_fetch_models({.cors_origin = "*"}));
  EXPECT_TRUE(may_fetch_models({.token = "t", .is_loopback = false, .is_published = true}));
}

}  // namespace
}  // namespace ams

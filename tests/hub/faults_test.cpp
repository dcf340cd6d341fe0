// Networks and servers that misbehave: the file is right in the end, or there is none and an error
// says why.
#include <atomic>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "base/error.h"
#include "hub/hub_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::IsEmpty;

class Faults : public HubTest {
 protected:
  void expect_right_file() {
    pull_all();
    EXPECT_EQ(text_of(snapshot() / "model.safetensors"), hub.files["model.safetensors"].bytes);
  }
  // The proper answer, changed.
  FakeHub::Fault changed(const std::function<void(FakeReply&)>& change) {
    return [this, change](const FakeRequest& request) {
      FakeReply reply = hub.stored(request);
      change(reply);
      return reply;
    };
  }
  // The same for the first `count` requests only.
  FakeHub::Fault at_first(int count, const std::function<void(FakeReply&)>& change) {
    const auto left = std::make_shared<int>(count);
    return [this, left, change](const FakeRequest& request) {
      FakeReply reply = hub.stored(request);
      if ((*left)-- > 0) change(reply);
      return reply;
    };
  }
};

TEST_F(Faults, cuts_at_any_byte_cost_no_byte_twice) {
  std::mt19937 random(1);
  hub.storage_fault = changed([&random](FakeReply& reply) {
    if (random() % 3 != 0) reply.cut_after = random() % (reply.body.size() + 1);
  });
  options.attempts = 12;
  expect_right_file();
  EXPECT_EQ(hub.storage().body_bytes_sent(), 300'000);
}

TEST_F(Faults, a_stopped_download_goes_on_where_it_was) {
  hub.storage_fault = changed([](FakeReply& reply) { reply.drip_bytes = 2'000; });
  std::stop_source stop;
  PullContext context;
  context.stop = stop.get_token();
  context.progress = [&stop](const PullProgress& progress) {
    if (progress.bytes > 60'000) stop.request_stop();
  };
  try {
    pull_all(context);
    FAIL() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Cancelled);
  }
  EXPECT_THAT(finished_blobs(), testing::SizeIs(1));  // the configuration
  const LocalItem local = find_local(RepositoryFiles{.repository = "org/name"}, options);
  EXPECT_GT(local.unfinished_bytes, 60'000 - 8);
  hub.storage_fault = nullptr;
  const int64_t fetched = pull_all().bytes_fetched;
  EXPECT_EQ(fetched, 300'000 - local.unfinished_bytes);
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), hub.files["model.safetensors"].bytes);
}

TEST_F(Faults, wrong_ranges_are_not_taken) {
  hub.storage_fault =
      at_first(3, [](FakeReply& reply) { reply.headers.back().second = "bytes 7-46/300000"; });
  expect_right_file();
  fs::remove_all(options.cache);
  hub.storage_fault =
      changed([](FakeReply& reply) { reply.headers.back().second = "bytes 7-46/9"; });
  expect_failure(ErrorCode::Network, {"127.0.0.1", "bytes 7-46/9", "of 300000"});
}

TEST_F(Faults, servers_without_ranges_send_the_whole_file) {
  hub.storage_fault = [this](const FakeRequest& request) {
    FakeRequest whole = request;
    whole.range.reset();
    return hub.stored(whole);
  };
  expect_right_file();
}

TEST_F(Faults, whole_files_that_break_off_start_again) {
  auto cuts = std::make_shared<int>(0);
  hub.storage_fault = [this, cuts](const FakeRequest& request) {
    FakeRequest whole = request;
    whole.range.reset();
    FakeReply reply = hub.stored(whole);
    if (!request.range && ++*cuts <= 3) reply.cut_after = static_cast<size_t>(*cuts) * 50'000;
    return reply;
  };
  expect_right_file();
}

TEST_F(Faults, too_many_requests_are_repeated_after_the_stated_time) {
  hub.hub_fault = [count =
                       std::make_shared<int>(0)](const FakeRequest&) -> std::optional<FakeReply> {
    if (++*count > 1) return std::nullopt;
    return FakeReply{.status = 429, .headers = {{"Retry-After", "1"}}};
  };
  const auto start = steady_clock::now();
  expect_right_file();
  EXPECT_GE(steady_clock::now() - start, std::chrono::milliseconds(950));
}

TEST_F(Faults, endless_429_says_what_to_do) {
  hub.hub_fault = [](const FakeRequest&) { return FakeReply{.status = 429}; };
  expect_failure(ErrorCode::Network, {"127.0.0.1", "429", "wait a few minutes"});
  EXPECT_EQ(hub.hub().requests().size(), 4u);
}

TEST_F(Faults, server_errors_are_repeated) {
  hub.storage_fault = at_first(3, [](FakeReply& reply) { reply = {.status = 503}; });
  hub.hub_fault = [count =
                       std::make_shared<int>(0)](const FakeRequest&) -> std::optional<FakeReply> {
    if (++*count > 2) return std::nullopt;
    return FakeReply{.status = 500};
  };
  expect_right_file();
}

TEST_F(Faults, lasting_server_errors_name_host_and_status) {
  hub.hub_fault = [](const FakeRequest&) { return FakeReply{.status = 502}; };
  expect_failure(ErrorCode::Network, {"127.0.0.1", "502", "org/name"});
}

TEST_F(Faults, wrong_bytes_never_get_the_files_name) {
  hub.storage_fault = changed([](FakeReply& reply) { reply.body[0] ^= 1; });
  expect_failure(ErrorCode::Network, {"hash", "expected", "model.safetensors of org/name"});
  EXPECT_THAT(finished_blobs(), testing::SizeIs(1));
  const LocalItem local = find_local(RepositoryFiles{.repository = "org/name"}, options);
  EXPECT_EQ(local.unfinished_bytes, 0);  // nothing wrong is continued
}

TEST_F(Faults, bytes_that_were_wrong_once_are_fetched_again) {
  hub.storage_fault = at_first(1, [](FakeReply& reply) { reply.body[0] ^= 1; });
  expect_right_file();
}

TEST_F(Faults, wrong_bytes_of_small_files_are_found_by_gits_hash) {
  hub.hub_fault = [](const FakeRequest& request) -> std::optional<FakeReply> {
    if (!request.target.ends_with("config.json")) return std::nullopt;
    return ranged(request, R"({"a": 2})", "e");
  };
  expect_failure(ErrorCode::Network, {"hash", "config.json"});
  EXPECT_THAT(finished_blobs(), IsEmpty());
}

TEST_F(Faults, a_trickle_is_given_up) {
  options.stall_timeout = std::chrono::seconds(1);
  options.attempts = 1;
  options.connections = 1;
  hub.storage_fault = changed([](FakeReply& reply) { reply.drip_bytes = 10; });
  const auto start = steady_clock::now();
  expect_failure(ErrorCode::Network, {"127.0.0.1", "too slow"});
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(6));
}

TEST_F(Faults, redirects_in_circles_end) {
  hub.storage_fault = [this](const FakeRequest& request) {
    return FakeReply{.status = 302,
                     .headers = {{"Location", hub.storage().address() + request.target}}};
  };
  expect_failure(ErrorCode::Network, {"127.0.0.1", "circles"});
  EXPECT_LT(hub.storage_requests(), 50u);
}

TEST_F(Faults, redirects_to_other_schemes_are_not_followed) {
  hub.storage_fault = changed([](FakeReply& reply) {
    reply = {.status = 302, .headers = {{"Location", "file:///etc/passwd"}}};
  });
  expect_failure(ErrorCode::Network, {"'file'", "expected https or http"});
}

TEST_F(Faults, renamed_repositories_are_found) {
  const std::string base = hub.hub().address();
  hub.hub_fault = [base](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.target.find("org/name") != std::string::npos) return std::nullopt;
    std::string target = request.target;
    target.replace(target.find("old/name"), 8, "org/name");
    return FakeReply{.status = 307, .headers = {{"Location", target}}};
  };
  const std::array<PullItem, 1> items{RepositoryFiles{.repository = "old/name"}};
  EXPECT_EQ(pull(items, options, {}).front().bytes, 300'008);
}

TEST_F(Faults, a_shorter_file_is_an_error) {
  hub.storage_fault = [](const FakeRequest& request) {
    return ranged(request, test_bytes(250'000), "e");
  };
  expect_failure(ErrorCode::Network, {"/250000", "of 300000"});
}

TEST_F(Faults, a_longer_file_is_an_error) {
  hub.storage_fault = [](const FakeRequest& request) {
    return ranged(request, test_bytes(350'000), "e");
  };
  expect_failure(ErrorCode::Network, {"/350000", "of 300000"});
}

TEST_F(Faults, bytes_beyond_a_range_are_ignored) {
  hub.storage_fault = changed([](FakeReply& reply) { reply.body += "and more"; });
  expect_right_file();
}

TEST_F(Faults, floods_of_headers_are_cut_off) {
  hub.hub_fault = [](const FakeRequest&) {
    FakeReply reply;
    for (int i = 0; i < 2'000; ++i) {
      reply.headers.emplace_back("X-" + std::to_string(i), std::string(100, 'x'));
    }
    return reply;
  };
  expect_failure(ErrorCode::Network, {"bytes of headers"});
  EXPECT_EQ(hub.hub().requests().size(), 1u);
}

TEST_F(Faults, listings_have_a_largest_size) {
  hub.hub_fault = [](const FakeRequest&) {
    return FakeReply{.body = "[" + std::string(17 << 20, ' ')};
  };
  expect_failure(ErrorCode::Network, {"16777216"});
}

TEST_F(Faults, listings_that_are_none_are_explained) {
  for (const char* body :
       {"<html>", "[]", "{}", R"({"sha": "x", "siblings": []})", R"({"sha": 1})"}) {
    hub.hub_fault = [body](const FakeRequest&) { return FakeReply{.body = body}; };
    expect_failure(ErrorCode::Network, {"HF_ENDPOINT"});
  }
}

TEST_F(Faults, file_names_may_not_leave_the_folder) {
  for (const char* name : {"../x", "/etc/x", "a/../../x", "a//b", ".", "a\\..\\x", "a\nb"}) {
    hub.files = {{name, {.bytes = "x"}}};
    expect_failure(ErrorCode::Network, {"a file name that is not allowed"});
  }
}

TEST_F(Faults, a_file_that_vanished_is_named) {
  hub.hub_fault = [](const FakeRequest& request) -> std::optional<FakeReply> {
    if (!request.target.ends_with("model.safetensors")) return std::nullopt;
    return FakeReply{.status = 404};
  };
  expect_failure(ErrorCode::NotFound, {"404", "model.safetensors of org/name"});
}

TEST_F(Faults, unknown_repositories_are_not_found) {
  hub.hub_fault = [](const FakeRequest&) { return FakeReply{.status = 404}; };
  expect_failure(ErrorCode::NotFound, {"org/name", "check the name"});
  EXPECT_EQ(hub.hub().requests().size(), 1u);
}

TEST_F(Faults, unknown_repositories_of_strangers_are_not_found_either) {
  hub.hub_fault = [](const FakeRequest&) {
    return FakeReply{.status = 401, .headers = {{"X-Error-Code", "RepoNotFound"}}};
  };
  expect_failure(ErrorCode::NotFound, {"org/name", "does not exist or is private", "HF_TOKEN"});
}

TEST_F(Faults, private_and_gated_repositories_say_how_to_get_in) {
  hub.hub_fault = [](const FakeRequest&) { return FakeReply{.status = 401}; };
  expect_failure(ErrorCode::Network, {"401", "set HF_TOKEN"});
  hub.hub_fault = [](const FakeRequest&) {
    return FakeReply{.status = 403, .headers = {{"X-Error-Code", "GatedRepo"}}};
  };
  options.token = "hf_secret";
  expect_failure(ErrorCode::Network, {"403", "accept"});
}

TEST_F(Faults, signed_addresses_that_expire_are_renewed) {
  hub.storage_fault = [this, count = std::make_shared<int>(0)](const FakeRequest& request) {
    return ++*count % 3 == 0 ? FakeReply{.status = 403} : hub.stored(request);
  };
  expect_right_file();
}

TEST_F(Faults, a_file_that_changes_between_attempts_is_fetched_anew) {
  // The first bytes are of another version; only its ETag says so before the hash does.
  hub.storage_fault = [this, count = std::make_shared<int>(0)](const FakeRequest& request) {
    if (++*count > 2) return hub.stored(request);
    FakeReply reply = ranged(request, test_bytes(300'000, 2), "another");
    reply.cut_after = 1'000;
    return reply;
  };
  expect_right_file();
}

TEST_F(Faults, another_file_behind_the_same_name_is_refused) {
  hub.hub_fault = [](const FakeRequest& request) -> std::optional<FakeReply> {
    if (!request.target.ends_with("model.safetensors")) return std::nullopt;
    return FakeReply{.status = 302,
                     .headers = {{"Location", "/x"}, {"X-Linked-Etag", std::string(64, '0')}}};
  };
  expect_failure(ErrorCode::Network, {"changed on the server"});
}

TEST_F(Faults, nobody_listening_is_explained) {
  options.endpoint = "http://127.0.0.1:9";  // the discard port: closed
  expect_failure(ErrorCode::Network, {"127.0.0.1", "connect"});
}

TEST_F(Faults, connections_that_end_without_a_word_are_repeated) {
  hub.storage_fault = at_first(2, [](FakeReply& reply) { reply.cut_after = 0; });
  expect_right_file();
}

}  // namespace
}  // namespace ams

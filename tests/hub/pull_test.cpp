// What a download leaves on the disk, and what it asks the network for.
#include <array>
#include <fstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/sha256.h"
#include "hub/hub_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Pull = HubTest;

TEST_F(Pull, files_land_in_the_layout_of_the_hubs_clients) {
  const PulledItem item = pull_all();
  EXPECT_EQ(item.folder, snapshot());
  EXPECT_EQ(item.commit, hub.commit);
  EXPECT_EQ(item.bytes, 300'008);
  EXPECT_EQ(item.bytes_fetched, 300'008);
  const std::string large = sha256_of(hub.files["model.safetensors"].bytes);
  const std::string small = git_blob_sha1(hub.files["config.json"].bytes);
  EXPECT_EQ(fs::read_symlink(snapshot() / "model.safetensors"), "../../blobs/" + large);
  EXPECT_EQ(fs::read_symlink(snapshot() / "config.json"), "../../blobs/" + small);
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), hub.files["model.safetensors"].bytes);
  EXPECT_EQ(text_of(repository_folder() / "refs" / "main"), hub.commit);
  EXPECT_TRUE(fs::exists(options.cache / ".locks/models--org--name" / (large + ".lock")));
}

TEST_F(Pull, nothing_of_the_download_is_left_over) {
  pull_all();
  for (const auto& entry : fs::recursive_directory_iterator(options.cache)) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("ams-"))) << entry.path();
  }
}

TEST_F(Pull, links_of_sub_folders_lead_to_the_blobs) {
  hub.files = {{"vae/deep/config.json", {.bytes = "{}"}}};
  pull_all();
  EXPECT_EQ(fs::read_symlink(snapshot() / "vae/deep/config.json"),
            "../../../../blobs/" + git_blob_sha1("{}"));
}

TEST_F(Pull, what_is_there_is_not_fetched_again) {
  pull_all();
  const size_t requests = hub.storage_requests();
  EXPECT_EQ(pull_all().bytes_fetched, 0);
  EXPECT_EQ(hub.storage_requests(), requests);
}

TEST_F(Pull, a_new_commit_shares_the_files_that_did_not_change) {
  pull_all();
  const size_t requests = hub.storage_requests();
  hub.commit = std::string(40, 'b');
  hub.files["config.json"].bytes = "{}";
  EXPECT_EQ(pull_all().bytes_fetched, 2);
  EXPECT_EQ(hub.storage_requests(), requests);
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), hub.files["model.safetensors"].bytes);
  EXPECT_EQ(text_of(repository_folder() / "refs" / "main"), hub.commit);
}

TEST_F(Pull, patterns_choose_files) {
  hub.files["vae/model.safetensors"] = {.bytes = "v"};
  hub.files["turbo/model.safetensors"] = {.bytes = "t"};
  EXPECT_EQ(pull_patterns({"vae/*"}).bytes, 1);
  EXPECT_TRUE(fs::exists(snapshot() / "vae/model.safetensors"));
  EXPECT_FALSE(fs::exists(snapshot() / "turbo"));
  EXPECT_THROW(pull_patterns({"none/*"}), Error);
}

TEST_F(Pull, large_files_come_in_ranges_over_several_connections) {
  pull_all();
  std::set<int64_t> starts;
  for (const FakeRequest& request : hub.storage().requests()) starts.insert(request.range->first);
  EXPECT_THAT(starts, SizeIs(8));  // 300000 bytes in pieces of 40000
}

TEST_F(Pull, token_goes_to_the_endpoint_only) {
  options.token = "hf_secret";
  pull_all();
  for (const FakeRequest& request : hub.hub().requests()) {
    EXPECT_EQ(request.headers.at("authorization"), "Bearer hf_secret") << request.target;
  }
  ASSERT_GT(hub.storage_requests(), 0u);
  for (const FakeRequest& request : hub.storage().requests()) {
    EXPECT_EQ(request.headers.count("authorization"), 0u);
  }
}

TEST_F(Pull, token_is_in_no_message) {
  options.token = "hf_secret";
  hub.hub_fault = [](const FakeRequest&) { return FakeReply{.status = 403}; };
  try {
    pull_all();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("hf_secret")));
  }
}

TEST_F(Pull, progress_grows_to_the_total) {
  hub.storage_fault = [this](const FakeRequest& request) {
    FakeReply reply = hub.stored(request);
    reply.drip_bytes = 5'000;
    return reply;
  };
  std::vector<PullProgress> seen;
  std::vector<std::string> components;
  PullContext context;
  context.progress = [&](const PullProgress& progress) {
    seen.push_back(progress);
    components.emplace_back(progress.component);
  };
  pull_all(context);
  EXPECT_EQ(seen.front().phase, PullPhase::Listing);
  EXPECT_EQ(seen.back().phase, PullPhase::Verifying);
  EXPECT_EQ(seen.back().bytes, 300'008);
  EXPECT_THAT(components, Contains("name/model.safetensors"));
  int64_t last = 0;
  bool has_speed = false;
  for (const PullProgress& progress : seen) {
    EXPECT_GE(progress.bytes, last);
    last = progress.bytes;
    if (progress.bytes_per_second <= 0) continue;
    has_speed = true;
    EXPECT_GE(progress.seconds_left.value(), 0);
  }
  EXPECT_TRUE(has_speed);
}

TEST_F(Pull, hashes_that_the_listing_lacks_come_from_the_headers) {
  hub.lists_hashes = false;
  pull_all();
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), hub.files["model.safetensors"].bytes);
  EXPECT_THAT(finished_blobs(), Contains(sha256_of(hub.files["model.safetensors"].bytes)));
}

TEST_F(Pull, empty_files_are_files) {
  hub.files = {{"empty.txt", {.bytes = ""}}};
  pull_all();
  EXPECT_EQ(fs::file_size(snapshot() / "empty.txt"), 0u);
}

TEST_F(Pull, plain_folders_get_plain_files) {
  options.plain = folder_.path() / "plain";
  const PulledItem item = pull_all();
  EXPECT_EQ(item.folder, options.plain / "name");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(item.folder / "model.safetensors")));
  EXPECT_EQ(std::distance(fs::directory_iterator(item.folder), fs::directory_iterator()), 2);
  EXPECT_FALSE(fs::exists(options.cache));
  EXPECT_EQ(pull_all().bytes_fetched, 0);
}

TEST_F(Pull, plain_files_with_other_bytes_are_replaced) {
  options.plain = folder_.path() / "plain";
  pull_all();
  std::ofstream(options.plain / "name/config.json") << R"({"a": 2})";
  EXPECT_EQ(pull_all().bytes_fetched, 8);
  EXPECT_EQ(text_of(options.plain / "name/config.json"), R"({"a": 1})");
}

TEST_F(Pull, files_from_elsewhere_need_no_hub_and_get_no_token) {
  const std::string bytes = test_bytes(100'000, 7);
  FakeServer other([&](const FakeRequest& request) { return ranged(request, bytes, "x"); });
  options.token = "hf_secret";
  const std::array<PullItem, 1> items{WebFile{.url = other.address() + "/a/stems.th",
                                              .folder = "htdemucs",
                                              .name = "stems.th",
                                              .sha256 = sha256_of(bytes),
                                              .bytes = 100'000}};
  EXPECT_FALSE(find_local(items[0], options).is_complete);
  const std::vector<PulledItem> pulled = pull(items, options, {});
  EXPECT_EQ(pulled.front().folder, options.models / "htdemucs");
  EXPECT_EQ(text_of(options.models / "htdemucs/stems.th"), bytes);
  EXPECT_THAT(hub.hub().requests(), IsEmpty());
  for (const FakeRequest& request : other.requests()) {
    EXPECT_EQ(request.headers.count("authorization"), 0u);
  }
  EXPECT_TRUE(find_local(items[0], options).is_complete);
  EXPECT_EQ(pull(items, options, {}).front().bytes_fetched, 0);
}

TEST_F(Pull, malformed_names_are_refused_before_any_request) {
  for (const char* name :
       {"", "name", "org/", "../name", "org/..", "org/a/b", "org/a b", "o--o/n"}) {
    const std::array<PullItem, 1> items{RepositoryFiles{.repository = name}};
    EXPECT_THROW(pull(items, options, {}), Error) << name;
  }
  const std::array<PullItem, 1> items{
      RepositoryFiles{.repository = "org/name", .revision = "../../x"}};
  EXPECT_THROW(pull(items, options, {}), Error);
  EXPECT_THAT(hub.hub().requests(), IsEmpty());
}

}  // namespace
}  // namespace ams

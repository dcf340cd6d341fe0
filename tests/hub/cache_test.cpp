// Caches that others wrote, folders that cannot be written, disks without room, no network.
#include <fstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/sha256.h"
#include "hub/hub_cache.h"
#include "hub/hub_fixture.h"
#include "hub/partial_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Cache : public HubTest {
 protected:
  // As Python's client leaves it.
  void write_python_cache(const fs::path& root) {
    const fs::path repository = root / "models--org--name";
    for (const auto& [path, file] : hub.files) {
      const std::string hash = file.is_large ? sha256_of(file.bytes) : git_blob_sha1(file.bytes);
      fs::create_directories(repository / "blobs");
      fs::create_directories(repository / "snapshots" / hub.commit);
      std::ofstream(repository / "blobs" / hash, std::ios::binary) << file.bytes;
      fs::create_symlink("../../blobs/" + hash, repository / "snapshots" / hub.commit / path);
    }
    fs::create_directories(repository / "refs");
    std::ofstream(repository / "refs" / "main") << hub.commit;
    fs::create_directories(repository / ".no_exist" / hub.commit);
    std::ofstream(repository / ".no_exist" / hub.commit / "adapter_config.json");
    fs::create_directories(root / ".locks" / "models--org--name");
    std::ofstream(root / "version.txt") << "1";
  }

  const RepositoryFiles wanted_{.repository = "org/name", .required = {"*.safetensors"}};
};

TEST_F(Cache, of_python_is_read_and_not_copied) {
  write_python_cache(options.cache);
  const PulledItem item = pull_all();
  EXPECT_EQ(item.folder, snapshot());
  EXPECT_EQ(item.bytes_fetched, 0);
  EXPECT_EQ(hub.storage_requests(), 0u);
  EXPECT_FALSE(fs::exists(options.models));
}

TEST_F(Cache, of_python_that_lacks_a_file_gets_only_that) {
  write_python_cache(options.cache);
  fs::remove(snapshot() / "config.json");
  fs::remove(repository_folder() / "blobs" / git_blob_sha1(hub.files["config.json"].bytes));
  EXPECT_EQ(pull_all().bytes_fetched, 8);
  EXPECT_EQ(hub.storage_requests(), 0u);
}

TEST_F(Cache, unfinished_files_of_python_stay_as_they_are) {
  const fs::path blobs = repository_folder() / "blobs";
  fs::create_directories(blobs);
  const std::string name = sha256_of(hub.files["model.safetensors"].bytes) + ".incomplete";
  std::ofstream(blobs / name) << "half";
  pull_all();
  EXPECT_EQ(text_of(blobs / name), "half");
}

TEST_F(Cache, blobs_without_a_name_in_the_snapshot_get_one) {
  write_python_cache(options.cache);
  fs::remove_all(repository_folder() / "snapshots");
  EXPECT_EQ(pull_all().bytes_fetched, 0);
  EXPECT_EQ(text_of(snapshot() / "model.safetensors"), hub.files["model.safetensors"].bytes);
}

TEST_F(Cache, that_cannot_be_made_is_replaced_by_the_models_folder) {
  options.cache = folder_.write("file", "not a folder") / "cache";
  const PulledItem item = pull_all();
  EXPECT_EQ(item.folder, options.models / "models--org--name/snapshots" / hub.commit);
  EXPECT_EQ(text_of(item.folder / "model.safetensors"), hub.files["model.safetensors"].bytes);
  EXPECT_TRUE(find_local(wanted_, options).is_complete);
}

TEST_F(Cache, without_any_folder_the_variables_are_named) {
  options.cache = folder_.write("file", "not a folder") / "cache";
  options.models.clear();
  EXPECT_THROW(
      {
        try {
          pull_all();
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("AMS_MODEL_DIR or HF_HUB_CACHE"));
          throw;
        }
      },
      Error);
}

TEST_F(Cache, disks_without_room_are_refused_before_the_download) {
  options.spare_bytes = int64_t{1} << 60;
  expect_failure(ErrorCode::OutOfMemory, {" free, the download needs ", " kB", "HF_HUB_CACHE"});
  EXPECT_EQ(hub.storage_requests(), 0u);
}

TEST_F(Cache, disks_without_room_do_for_what_is_there) {
  pull_all();
  options.spare_bytes = int64_t{1} << 60;
  EXPECT_EQ(pull_all().bytes_fetched, 0);
}

TEST_F(Cache, offline_uses_what_is_there_and_asks_nobody) {
  pull_all();
  const size_t requests = hub.hub().requests().size();
  options.offline = true;
  const PulledItem item = pull_all();
  EXPECT_EQ(item.folder, snapshot());
  EXPECT_EQ(item.commit, hub.commit);
  EXPECT_EQ(hub.hub().requests().size(), requests);
}

TEST_F(Cache, offline_without_the_files_names_the_variables) {
  options.offline = true;
  expect_failure(ErrorCode::Network, {"org/name", "HF_HUB_OFFLINE", "AMS_OFFLINE"});
  EXPECT_THAT(hub.hub().requests(), IsEmpty());
}

TEST_F(Cache, lacking_parts_and_required_files_are_not_complete) {
  hub.files = {{"config.json", {.bytes = "{}"}},
               {"model-00001-of-00002.safetensors", {.bytes = "1"}},
               {"model-00002-of-00002.safetensors", {.bytes = "2"}}};
  write_python_cache(options.cache);
  EXPECT_TRUE(find_local(wanted_, options).is_complete);
  fs::remove(snapshot() / "model-00001-of-00002.safetensors");
  EXPECT_FALSE(find_local(wanted_, options).is_complete);
  fs::remove(snapshot() / "model-00002-of-00002.safetensors");
  const LocalItem local = find_local(wanted_, options);
  EXPECT_FALSE(local.is_complete);
  EXPECT_EQ(local.bytes, 2);
}

TEST_F(Cache, downloads_that_broke_off_are_not_complete) {
  write_python_cache(options.cache);
  const RepositoryFiles anything{.repository = "org/name"};
  EXPECT_TRUE(find_local(anything, options).is_complete);
  std::ofstream(repository_folder() / "blobs" / (std::string(64, '0') + ".incomplete")) << "half";
  EXPECT_FALSE(find_local(anything, options).is_complete);
}

TEST_F(Cache, revisions_have_snapshots_of_their_own) {
  pull_all();
  EXPECT_TRUE(find_local(RepositoryFiles{.repository = "org/name", .revision = hub.commit}, options)
                  .is_complete);
  EXPECT_FALSE(
      find_local(RepositoryFiles{.repository = "org/name", .revision = "v2"}, options).is_complete);
}

TEST_F(Cache, flat_folders_count_as_installed) {
  fs::create_directories(options.models / "name");
  std::ofstream(options.models / "name/model.safetensors") << "w";
  EXPECT_TRUE(find_local(wanted_, options).is_complete);
}

class Journal : public testing::Test {
 protected:
  fs::path path() const { return folder_.path() / "file"; }
  int64_t bytes_after(const std::string& journal) const {
    folder_.write("file.json", journal);
    return PartialFile(path(), {{FileHash::Kind::Sha256, "h"}, 10}, 4).done_bytes();
  }

  TemporaryFolder folder_;
};

TEST_F(Journal, is_continued_if_it_fits_the_file) {
  folder_.write("file", "0123456789");
  const std::string fitting =
      R"({"bytes": 10, "hash": "h", "etag": "e", "piece_bytes": 4, "done": [4, 2, 0]})";
  EXPECT_EQ(bytes_after(fitting), 6);
}

TEST_F(Journal, that_does_not_fit_is_forgotten) {
  for (const char* journal :
       {"{",
        "[]",
        R"({"bytes": 11, "hash": "h", "piece_bytes": 4, "done": [4, 2, 0]})",
        R"({"bytes": 10, "hash": "x", "piece_bytes": 4, "done": [4, 2, 0]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": 4, "done": [4, 2]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": 4, "done": [4, 5, 0]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": 4, "done": [4, -1, 0]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": 0, "done": [4, 2, 0]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": -4, "done": [4, 2, 0]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": 9223372036854775807, "done": [4]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": 4, "done": ["4", "2", "0"]})",
        R"({"bytes": 10, "hash": "h", "piece_bytes": 4, "done": [9223372036854775807, 2, 0]})"}) {
    folder_.write("file", "0123456789");
    EXPECT_EQ(bytes_after(journal), 0) << journal;
  }
}

TEST_F(Journal, of_bytes_that_are_not_there_is_forgotten) {
  folder_.write("file", "01");
  EXPECT_EQ(bytes_after(R"({"bytes": 10, "hash": "h", "piece_bytes": 4, "done": [4, 2, 0]})"), 0);
}

}  // namespace
}  // namespace ams

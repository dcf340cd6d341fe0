#include "base/text_file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sha256.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

class TextFile : public testing::Test {
 protected:
  TextFile() { fs::create_directories(folder_); }
  ~TextFile() override { fs::remove_all(folder_); }

  template <typename Action>
  static std::string error_of(Action action) {
    try {
      action();
    } catch (const Error& error) {
      return std::string(error_code_info(error.code()).name);
    }
    return "";
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("ams_text_file_" + std::to_string(getpid()));
};

TEST_F(TextFile, is_read_as_it_was_written) {
  const std::string text("line\r\n\0end", 10);
  write_text_file(folder_ / "a.txt", text);
  EXPECT_EQ(read_text_file(folder_ / "a.txt", 10), text);
}

TEST_F(TextFile, replaces_and_leaves_nothing_beside_it) {
  write_text_file(folder_ / "a.txt", "old");
  write_text_file(folder_ / "a.txt", "new");
  EXPECT_EQ(read_text_file(folder_ / "a.txt", 100), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(TextFile, larger_than_allowed_is_unsupported) {
  write_text_file(folder_ / "a.txt", "12345");
  EXPECT_EQ(error_of([&] { read_text_file(folder_ / "a.txt", 4); }), "unsupported");
}

TEST_F(TextFile, missing_ones_and_folders_are_not_found) {
  EXPECT_EQ(error_of([&] { read_text_file(folder_ / "none", 4); }), "not_found");
  EXPECT_EQ(error_of([&] { read_text_file(folder_, 4); }), "not_found");
}

TEST_F(TextFile, needs_an_existing_folder) {
  EXPECT_EQ(error_of([&] { require_writable(folder_ / "none" / "a.txt"); }), "not_found");
  EXPECT_EQ(error_of([&] { write_text_file(folder_ / "none" / "a.txt", ""); }), "not_found");
}

TEST_F(TextFile, cannot_take_the_name_of_a_folder) {
  EXPECT_EQ(error_of([&] { require_writable(folder_); }), "invalid_request");
  EXPECT_EQ(error_of([&] { require_writable(folder_ / ""); }), "invalid_request");
}

TEST_F(TextFile, on_a_full_disk_is_an_error) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  // The temporary file's name leads to a device that is always full.
  const fs::path temporary = folder_ / (".a.txt." + std::to_string(getpid()) + ".part");
  fs::create_symlink("/dev/full", temporary);
  EXPECT_EQ(error_of([&] { write_text_file(folder_ / "a.txt", "x"); }), "internal");
  EXPECT_FALSE(fs::exists(folder_ / "a.txt"));
  EXPECT_FALSE(fs::is_symlink(temporary));
}

TEST(Sha256, matches_the_standard) {
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(TextFile, hash_of_a_file_is_that_of_its_bytes) {
  const std::string text(3'000'000, 'x');
  write_text_file(folder_ / "big", text);
  EXPECT_EQ(sha256_of_file(folder_ / "big"), sha256_of(text));
  EXPECT_EQ(error_of([&] { sha256_of_file(folder_ / "none"); }), "not_found");
}

}  // namespace
}  // namespace ams

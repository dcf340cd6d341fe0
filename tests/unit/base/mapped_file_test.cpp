#include "base/mapped_file.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(MappedFile, shows_the_bytes_of_a_file) {
  const TemporaryFolder folder;
  const MappedFile file(folder.write("a", "hello"));
  EXPECT_EQ(text_of(file.bytes()), "hello");
  EXPECT_EQ(text_of(file.range(1, 3)), "ell");
  EXPECT_EQ(text_of(file.range(5, 0)), "");
}

TEST(MappedFile, empty_file_has_no_bytes) {
  const TemporaryFolder folder;
  EXPECT_EQ(MappedFile(folder.write("a", "")).size(), 0u);
}

TEST(MappedFile, ranges_past_the_end_are_refused) {
  const TemporaryFolder folder;
  const MappedFile file(folder.write("a", "hello"));
  const auto refuse = [&](size_t offset, size_t length) {
    expect_error(ErrorCode::CorruptFile, "has 5 bytes", [&] { file.range(offset, length); });
  };
  refuse(0, 6);
  refuse(6, 0);
  refuse(1, static_cast<size_t>(-1));
}

TEST(MappedFile, missing_files_and_folders_are_refused) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::NotFound, "cannot open", [&] { MappedFile(folder.path() / "none"); });
  expect_error(ErrorCode::Unsupported, "not a regular file", [&] { MappedFile(folder.path()); });
}

TEST(MappedFile, moving_hands_the_map_over) {
  const TemporaryFolder folder;
  MappedFile first(folder.write("a", "hello"));
  MappedFile second(std::move(first));
  MappedFile third(folder.write("b", "other"));
  third = std::move(second);
  EXPECT_EQ(text_of(third.bytes()), "hello");
}

TEST(MappedFile, advice_keeps_the_bytes) {
  const TemporaryFolder folder;
  const MappedFile file(folder.write("a", std::string(20'000, 'x')));
  for (const auto advice : {MappedFile::Advice::Sequential,
                            MappedFile::Advice::Random,
                            MappedFile::Advice::WillNeed,
                            MappedFile::Advice::DontNeed}) {
    file.advise(advice, 100, 30'000);
    file.advise(advice, 50'000, 1);
  }
  EXPECT_EQ(text_of(file.bytes()), std::string(20'000, 'x'));
}

}  // namespace
}  // namespace ams

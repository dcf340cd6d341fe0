#include "cli/bus_error.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

TEST(BusError, file_that_is_cut_while_mapped_ends_with_one_clear_line) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.write("weights", std::string(1 << 16, 'x'));
  const auto read_cut_file = [&] {
    report_bus_errors();
    const MappedFile file(path);
    std::filesystem::resize_file(path, 0);
    volatile std::byte last = file.bytes().back();
    (void)last;
  };
  EXPECT_EXIT(read_cut_file(),
              testing::ExitedWithCode(error_code_info(ErrorCode::CorruptFile).exit_code),
              "became shorter while it was in use");
}

}  // namespace
}  // namespace ams

#include "cli/program_fixture.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace ams {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

void CommandLine::expect_error(const std::vector<std::string>& words,
                               int code,
                               const std::string& text) const {
  const ProgramResult result = ams(words);
  EXPECT_EQ(result.exit_code, code) << result.err;
  EXPECT_THAT(result.err, AllOf(StartsWith("ams: "), HasSubstr(text)));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(files(), IsEmpty());
}

}  // namespace ams

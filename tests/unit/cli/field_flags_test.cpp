#include "cli/field_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "studio/requests/generate_request.h"

namespace ams {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class FieldFlagsTest : public testing::Test {
 protected:
  FieldFlagsTest() { add_flags(program_, fields(request_)); }
  void parse(const std::string& words) { program_.parse(words); }

  GenerateRequest request_;
  CLI::App program_;
};

TEST_F(FieldFlagsTest, set_the_members_of_their_rows) {
  parse("--duration 12.5 --seed -1 --inference-steps 9 --infer-method sde --lm-cfg-scale=3");
  EXPECT_EQ(request_.duration_seconds, 12.5);
  EXPECT_EQ(request_.seed, -1);
  EXPECT_EQ(request_.advanced.inference_steps, 9);
  EXPECT_EQ(request_.advanced.infer_method, InferMethod::Sde);
  EXPECT_EQ(request_.lm.cfg, 3);
}

TEST_F(FieldFlagsTest, switches_have_an_opposite) {
  parse("--use-adg --no-thinking --instrumental");
  EXPECT_TRUE(request_.advanced.use_adg);
  EXPECT_FALSE(request_.lm.thinking);
  EXPECT_TRUE(request_.instrumental);
}

TEST_F(FieldFlagsTest, bad_values_are_requests_errors) {
  EXPECT_THROW(parse("--seed many"), Error);
  EXPECT_THROW(parse("--infer-method euler"), Error);
}

TEST_F(FieldFlagsTest, help_shows_range_and_default) {
  const std::string help = program_.help();
  EXPECT_THAT(help, HasSubstr("(5 to 600 s; default: 30)"));
  EXPECT_THAT(help, HasSubstr("1 to 2147483647"));
  EXPECT_THAT(help, HasSubstr("--no-thinking turns it off"));
  EXPECT_THAT(help, AllOf(Not(HasSubstr("--no-use-adg")), Not(HasSubstr("dcw"))));
}

}  // namespace
}  // namespace ams

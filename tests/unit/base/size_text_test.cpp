#include "base/size_text.h"

#include <gtest/gtest.h>

namespace ams {
namespace {

TEST(SizeText, has_three_digits_and_a_unit) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1000), "1.00 kB");
  EXPECT_EQ(size_text(51'000), "51.0 kB");
  EXPECT_EQ(size_text(999'499), "999 kB");
  EXPECT_EQ(size_text(999'500), "1.00 MB");
  EXPECT_EQ(size_text(26'640'000), "26.6 MB");
  EXPECT_EQ(size_text(9'996'000'000), "10.0 GB");
  EXPECT_EQ(size_text(25'222'000'000), "25.2 GB");
  EXPECT_EQ(size_text(5'000'000'000'000'000), "5000 TB");
}

}  // namespace
}  // namespace ams

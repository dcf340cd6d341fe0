#include "server/byte_range.h"

#include <gtest/gtest.h>

namespace ams {
namespace {

void expect_part(std::string_view header, int64_t size, int64_t offset, int64_t length) {
  const ByteRange range = parse_range(header, size);
  EXPECT_EQ(range.kind, RangeKind::Part) << header;
  EXPECT_EQ(range.offset, offset) << header;
  EXPECT_EQ(range.length, length) << header;
}

TEST(ByteRange, parts_are_cut_to_the_file) {
  expect_part("bytes=0-0", 10, 0, 1);
  expect_part("bytes=2-5", 10, 2, 4);
  expect_part("bytes=2-50", 10, 2, 8);
  expect_part("bytes=9-", 10, 9, 1);
  expect_part("bytes=-3", 10, 7, 3);
  expect_part("bytes=-30", 10, 0, 10);
  expect_part("bytes=0-99999999999999999999999", 10, 0, 10);
}

TEST(ByteRange, parts_outside_and_malformed_ones_are_unsatisfied) {
  for (const char* header : {"bytes=10-",
                             "bytes=10-12",
                             "bytes=5-4",
                             "bytes=-0",
                             "bytes=",
                             "bytes=-",
                             "bytes=a-",
                             "bytes=1-b",
                             "bytes=--1",
                             "bytes=1--2",
                             "bytes= 1-2",
                             "bytes=99999999999999999999999-"}) {
    EXPECT_EQ(parse_range(header, 10).kind, RangeKind::Unsatisfied) << header;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, RangeKind::Unsatisfied);
  EXPECT_EQ(parse_range("bytes=-1", 0).kind, RangeKind::Unsatisfied);
}

TEST(ByteRange, other_units_and_lists_are_ignored) {
  for (const char* header : {"", "items=0-1", "bytes", "bytes=0-1,3-4", "Bytes 0-1"}) {
    EXPECT_EQ(parse_range(header, 10).kind, RangeKind::Whole) << header;
  }
}

}  // namespace
}  // namespace ams

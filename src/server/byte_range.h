// The header Range of one file (RFC 9110, section 14).
#pragma once

#include <cstdint>
#include <string_view>

namespace ams {

enum class RangeKind {
  Whole,        // no range, or one that is ignored: another unit, or several parts
  Part,         // offset and length are set
  Unsatisfied,  // nothing of the file lies in it, or it is malformed
};

struct ByteRange {
  RangeKind kind = RangeKind::Whole;
  int64_t offset = 0;  // bytes
  int64_t length = 0;
};

// What `header` ("bytes=0-99", "bytes=500-", "bytes=-100") asks of a file of `size` bytes.
ByteRange parse_range(std::string_view header, int64_t size);

}  // namespace ams

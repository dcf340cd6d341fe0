#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "tensor/dtype.h"

namespace ams {
namespace {

float from_bits(uint32_t bits) { return std::bit_cast<float>(bits); }

// The definition: the nearest of the two bf16 neighbours, the even one on a tie.
uint16_t round_by_distance(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t low = bits >> 16;
  const uint32_t rest = bits & 0xFFFFu;
  const bool up = rest > 0x8000u || (rest == 0x8000u && (low & 1u) != 0);
  return static_cast<uint16_t>(low + (up ? 1 : 0));
}

TEST(DType, float_to_bf16_rounds_to_nearest_even) {
  EXPECT_EQ(float_to_bf16(from_bits(0x3F808000)), 0x3F80);  // tie, even below
  EXPECT_EQ(float_to_bf16(from_bits(0x3F818000)), 0x3F82);  // tie, even above
  EXPECT_EQ(float_to_bf16(from_bits(0x3F808001)), 0x3F81);
  EXPECT_EQ(float_to_bf16(from_bits(0xBF807FFF)), 0xBF80);
  EXPECT_EQ(float_to_bf16(-0.0f), 0x8000);
  EXPECT_EQ(float_to_bf16(from_bits(0x7F7FFFFF)), 0x7F80);  // above the largest bf16
  for (uint32_t bits = 0; bits < 0x7F800000u; bits += 9973) {
    ASSERT_EQ(float_to_bf16(from_bits(bits)), round_by_distance(from_bits(bits))) << bits;
  }
}

TEST(DType, bf16_keeps_infinity_and_quiet_nan) {
  EXPECT_EQ(float_to_bf16(std::numeric_limits<float>::infinity()), 0x7F80);
  EXPECT_EQ(float_to_bf16(-std::numeric_limits<float>::infinity()), 0xFF80);
  for (const uint32_t bits : {0x7F800001u, 0x7FFFFFFFu, 0xFF80FFFFu, 0x7FC00000u}) {
    const uint16_t half = float_to_bf16(from_bits(bits));
    EXPECT_TRUE(std::isnan(bf16_to_float(half))) << bits;
    EXPECT_NE(half & 0x40, 0) << bits;
    EXPECT_EQ(half >> 15, bits >> 31) << bits;
  }
}

TEST(DType, every_bf16_survives_the_way_to_fp32_and_back) {
  for (uint32_t half = 0; half < 0x10000u; ++half) {
    const auto value = static_cast<uint16_t>(half);
    if (std::isnan(bf16_to_float(value))) continue;
    ASSERT_EQ(float_to_bf16(bf16_to_float(value)), value);
  }
}

TEST(DType, every_fp16_has_the_value_of_its_fields) {
  for (uint32_t half = 0; half < 0x10000u; ++half) {
    const int exponent = static_cast<int>((half >> 10) & 31);
    const int mantissa = static_cast<int>(half & 1023);
    const float sign = (half & 0x8000u) != 0 ? -1.0f : 1.0f;
    const float value = fp16_to_float(static_cast<uint16_t>(half));
    if (exponent == 31 && mantissa != 0) {
      ASSERT_TRUE(std::isnan(value)) << half;
    } else if (exponent == 31) {
      ASSERT_EQ(value, sign * std::numeric_limits<float>::infinity()) << half;
    } else {
      const int whole = exponent == 0 ? mantissa : mantissa + 1024;
      const float expected =
          sign * std::ldexp(static_cast<float>(whole), (exponent == 0 ? 1 : exponent) - 25);
      ASSERT_EQ(value, expected) << half;
      ASSERT_EQ(std::signbit(value), sign < 0) << half;
    }
  }
}

TEST(DType, bulk_conversions_equal_the_single_ones_at_any_length_and_alignment) {
  for (const size_t count : {0, 1, 63, 64, 65, 1000}) {
    std::vector<std::byte> bytes(2 * count + 1);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37);
    const std::span<std::byte> unaligned = std::span(bytes).subspan(1);
    std::vector<float> bf16(count);
    std::vector<float> fp16(count);
    bf16_to_floats(unaligned, bf16);
    fp16_to_floats(unaligned, fp16);
    std::vector<std::byte> back(2 * count + 1);
    floats_to_bf16(bf16, std::span(back).subspan(1));
    for (size_t i = 0; i < count; ++i) {
      uint16_t half = 0;
      std::memcpy(&half, unaligned.data() + 2 * i, 2);
      uint16_t rounded = 0;
      std::memcpy(&rounded, back.data() + 1 + 2 * i, 2);
      ASSERT_EQ(std::bit_cast<uint32_t>(bf16[i]), std::bit_cast<uint32_t>(bf16_to_float(half)));
      ASSERT_EQ(std::bit_cast<uint32_t>(fp16[i]), std::bit_cast<uint32_t>(fp16_to_float(half)));
      ASSERT_EQ(rounded, float_to_bf16(bf16[i]));
    }
  }
}

TEST(DType, sizes_are_checked) {
  EXPECT_EQ(dtype_bytes(DType::Q4_K, 512), 288u);
  EXPECT_EQ(dtype_bytes(DType::BF16, 3), 6u);
  expect_error(ErrorCode::CorruptFile, "multiple", [] { dtype_bytes(DType::Q8_0, 31); });
  expect_error(ErrorCode::CorruptFile, "multiple", [] { dtype_bytes(DType::F32, -1); });
  const int64_t most = std::numeric_limits<int64_t>::max();
  expect_error(ErrorCode::CorruptFile, "exceed", [=] { dtype_bytes(DType::F64, most); });
  EXPECT_EQ(element_count(std::vector<int64_t>{}), 1);
  EXPECT_EQ(element_count(std::vector<int64_t>{most, 2}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<int64_t>{-1}), std::nullopt);
}

}  // namespace
}  // namespace ams

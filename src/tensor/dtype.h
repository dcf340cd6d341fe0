// Element types of stored tensors: their table, and conversions to and from fp32.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ams {

// The quantised ones are ggml's block formats (GGUF files only).
enum class DType { F32, F16, BF16, F64, I64, I32, I16, I8, U8, Bool, Q8_0, Q6_K, Q5_K, Q4_K };

// One row of the table of element types.
struct DTypeInfo {
  DType dtype;
  std::string_view name;              // "bf16"
  std::string_view safetensors_name;  // "BF16"; empty for quantised types
  int64_t block;                      // elements of one block
  size_t block_bytes;                 // bytes of one block
};

// All rows. Immutable; thread-safe.
std::span<const DTypeInfo> dtype_table();
const DTypeInfo& dtype_info(DType dtype);

// "bf16"; for messages and tables.
std::string_view dtype_name(DType dtype);
// Bytes of `count` elements. `count` must be a multiple of the block size of a quantised type.
// Throws CorruptFile if that is not so, if `count` is negative or if the product overflows.
size_t dtype_bytes(DType dtype, int64_t count);
// Elements of one block: 1 for plain types, 32 or 256 for quantised ones.
int64_t dtype_block(DType dtype);

// Elements of a tensor, 1 for a scalar. None if a dimension is negative or the product overflows.
std::optional<int64_t> element_count(std::span<const int64_t> shape);

// fp32 -> bf16, rounded to nearest even. NaN stays a (quiet) NaN; overflow gives infinity.
inline uint16_t float_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t quiet_nan = (bits >> 16) | 0x40u;
  const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  return static_cast<uint16_t>(is_nan ? quiet_nan : rounded);
}

// bf16 -> fp32, exact.
inline float bf16_to_float(uint16_t value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

// fp16 -> fp32, exact, subnormals too.
inline float fp16_to_float(uint16_t value) {
  const uint32_t sign = (value & 0x8000u) << 16;
  const uint32_t magnitude = value & 0x7FFFu;
  constexpr uint32_t kRebias = 112u << 23;  // exponent bias 127 - 15
  const uint32_t normal = (magnitude << 13) + kRebias;
  // The gap between neighbours at 0.5f equals the smallest fp16, 2^-24.
  const float subnormal = std::bit_cast<float>(0x3F000000u + magnitude) - 0.5f;
  uint32_t bits = magnitude >= 0x7C00u ? normal + kRebias : normal;  // infinity, NaN
  bits = magnitude < 0x0400u ? std::bit_cast<uint32_t>(subnormal) : bits;
  return std::bit_cast<float>(bits | sign);
}

// Bulk conversions; the bytes may be unaligned. `values` and `bytes` hold the same number of
// elements, which the caller guarantees. Memory speed, on the calling thread.
void floats_to_bf16(std::span<const float> values, std::span<std::byte> bytes);
void bf16_to_floats(std::span<const std::byte> bytes, std::span<float> values);
void fp16_to_floats(std::span<const std::byte> bytes, std::span<float> values);
// As floats_to_bf16, from fp32 as it lies in a file.
void stored_floats_to_bf16(std::span<const std::byte> floats, std::span<std::byte> bytes);

}  // namespace ams

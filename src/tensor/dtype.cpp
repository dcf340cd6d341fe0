#include "tensor/dtype.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::array<DTypeInfo, 14> kDTypes{{
    {DType::F32, "f32", "F32", 1, 4},
    {DType::F16, "f16", "F16", 1, 2},
    {DType::BF16, "bf16", "BF16", 1, 2},
    {DType::F64, "f64", "F64", 1, 8},
    {DType::I64, "i64", "I64", 1, 8},
    {DType::I32, "i32", "I32", 1, 4},
    {DType::I16, "i16", "I16", 1, 2},
    {DType::I8, "i8", "I8", 1, 1},
    {DType::U8, "u8", "U8", 1, 1},
    {DType::Bool, "bool", "BOOL", 1, 1},
    {DType::Q8_0, "q8_0", "", 32, 34},
    {DType::Q6_K, "q6_k", "", 256, 210},
    {DType::Q5_K, "q5_k", "", 256, 176},
    {DType::Q4_K, "q4_k", "", 256, 144},
}};

// Converts `count` elements in blocks of a fixed size, which compilers turn into vector code, and
// through aligned local arrays, so that neither side needs an alignment.
template <typename From, typename To, typename Convert>
void convert_all(const std::byte* from, std::byte* to, size_t count, Convert convert) {
  constexpr size_t kBlock = 64;
  std::array<From, kBlock> input{};
  std::array<To, kBlock> output{};
  for (size_t start = 0; start < count; start += kBlock) {
    const size_t length = std::min(kBlock, count - start);
    std::memcpy(input.data(), from + start * sizeof(From), length * sizeof(From));
    for (size_t i = 0; i < kBlock; ++i) output[i] = convert(input[i]);
    std::memcpy(to + start * sizeof(To), output.data(), length * sizeof(To));
  }
}

}  // namespace

std::span<const DTypeInfo> dtype_table() { return kDTypes; }

const DTypeInfo& dtype_info(DType dtype) {
  const DTypeInfo& info = kDTypes[static_cast<size_t>(dtype)];
  assert(info.dtype == dtype);
  return info;
}

std::string_view dtype_name(DType dtype) { return dtype_info(dtype).name; }

int64_t dtype_block(DType dtype) { return dtype_info(dtype).block; }

size_t dtype_bytes(DType dtype, int64_t count) {
  const DTypeInfo& info = dtype_info(dtype);
  if (count < 0 || count % info.block != 0) {
    throw Error(ErrorCode::CorruptFile,
                str("weights: ",
                    count,
                    " elements of ",
                    info.name,
                    ", expected a multiple of the block of ",
                    info.block));
  }
  const auto blocks = static_cast<size_t>(count / info.block);
  if (blocks > std::numeric_limits<size_t>::max() / info.block_bytes) {
    throw Error(ErrorCode::CorruptFile,
                str("weights: ", count, " elements of ", info.name, " exceed the address space"));
  }
  return blocks * info.block_bytes;
}

std::optional<int64_t> element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (const int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count)) return std::nullopt;
  }
  return count;
}

void stored_floats_to_bf16(std::span<const std::byte> floats, std::span<std::byte> bytes) {
  assert(floats.size() == 2 * bytes.size());
  convert_all<float, uint16_t>(
      floats.data(), bytes.data(), bytes.size() / 2, [](float v) { return float_to_bf16(v); });
}

void floats_to_bf16(std::span<const float> values, std::span<std::byte> bytes) {
  stored_floats_to_bf16(std::as_bytes(values), bytes);
}

void bf16_to_floats(std::span<const std::byte> bytes, std::span<float> values) {
  assert(bytes.size() == 2 * values.size());
  std::byte* to = std::as_writable_bytes(values).data();
  convert_all<uint16_t, float>(
      bytes.data(), to, values.size(), [](uint16_t v) { return bf16_to_float(v); });
}

void fp16_to_floats(std::span<const std::byte> bytes, std::span<float> values) {
  assert(bytes.size() == 2 * values.size());
  std::byte* to = std::as_writable_bytes(values).data();
  convert_all<uint16_t, float>(
      bytes.data(), to, values.size(), [](uint16_t v) { return fp16_to_float(v); });
}

}  // namespace ams

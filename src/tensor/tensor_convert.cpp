#include "tensor/tensor_convert.h"

#include <algorithm>
#include <cstring>
#include <thread>

#include <ggml.h>

#include "base/mapped_file.h"
#include "tensor/gguf_layout.h"
#include "tensor/weight_format.h"

namespace ams {
namespace {

constexpr int64_t kChunkElements = int64_t{1} << 22;  // of fp32 at a time while converting

// Quantises whole rows, on all cores: the K formats search a scale for each block and would take
// minutes on one.
void quantise_rows(ggml_type type,
                   int64_t row,
                   std::span<const float> values,
                   std::span<std::byte> packed) {
  const int64_t rows = static_cast<int64_t>(values.size()) / row;
  const int64_t count =
      std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, std::max<int64_t>(1, rows / 16));
  const auto work = [&](int64_t begin, int64_t end) {
    ggml_quantize_chunk(
        type, values.data(), packed.data(), begin * row, end - begin, row, /*imatrix=*/nullptr);
  };
  std::vector<std::jthread> workers;
  for (int64_t i = 1; i < count; ++i) {
    workers.emplace_back(work, rows * i / count, rows * (i + 1) / count);
  }
  work(0, rows / count);
}

}  // namespace

std::vector<std::byte> encode_values(std::span<const float> values, DType dtype, int64_t row) {
  std::vector<std::byte> bytes(dtype_bytes(dtype, static_cast<int64_t>(values.size())));
  if (values.empty()) return bytes;
  if (dtype == DType::F32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
  } else if (dtype == DType::BF16) {
    floats_to_bf16(values, bytes);
  } else {
    quantise_rows(detail::ggml_type_of(dtype), row, values, bytes);
  }
  return bytes;
}

void convert_tensor(const StoredTensor& stored, DType dtype, const ByteSink& sink) {
  const int64_t count = element_count(stored.shape).value_or(0);
  const int64_t row = stored.shape.empty() ? 1 : std::max<int64_t>(1, stored.shape.back());
  const int64_t chunk = std::max<int64_t>(1, kChunkElements / row) * row;
  for (int64_t done = 0; done < count; done += chunk) {
    const int64_t step = std::min(chunk, count - done);
    StoredTensor part = stored;
    part.shape = {step};
    part.bytes =
        stored.bytes.subspan(dtype_bytes(stored.dtype, done), dtype_bytes(stored.dtype, step));
    if (stored.dtype == dtype) {
      sink(part.bytes);
    } else {
      sink(encode_values(to_float(part), dtype, row));
    }
    if (stored.is_mapped) give_back_pages(part.bytes);
  }
}

}  // namespace ams

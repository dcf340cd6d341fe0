#include "tensor/lora_delta.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>

#include <ggml.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// Row-major.
struct DenseMatrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<float> values;

  const float* row(int64_t index) const {
    return values.data() + static_cast<size_t>(index * columns);
  }
};

DenseMatrix read_matrix(const StoredTensor& tensor) {
  return {tensor.shape[0], tensor.shape[1], finite_values(tensor)};
}

// to[0, b.columns) += scale * (row `index` of a) b.
void add_product_row(
    const DenseMatrix& a, const DenseMatrix& b, int64_t index, float scale, float* to) {
  for (int64_t k = 0; k < a.columns; ++k) {
    const float factor = scale * a.row(index)[k];
    const float* from = b.row(k);
    for (int64_t j = 0; j < b.columns; ++j) to[j] += factor * from[j];
  }
}

DenseMatrix read_factor(const LoraFactor& factor) {
  if (factor.whole) return read_matrix(*factor.whole);
  const DenseMatrix a = read_matrix(*factor.a);
  const DenseMatrix b = read_matrix(*factor.b);
  DenseMatrix product{factor.rows, factor.columns, {}};
  product.values.resize(static_cast<size_t>(factor.rows * factor.columns));
  for (int64_t i = 0; i < product.rows; ++i) {
    add_product_row(a, b, i, 1.0f, product.values.data() + i * product.columns);
  }
  return product;
}

// Adds one row of D to a row of the matrix.
using AddRow = std::function<void(int64_t row, float* to)>;

AddRow low_rank_rows(const LoraModule& module) {
  return [up = read_matrix(*module.up),
          down = read_matrix(*module.down),
          scale = static_cast<float>(module.scale)](int64_t row, float* to) {
    add_product_row(up, down, row, scale, to);
  };
}

// D[i p + k, j q + l] = w1[i, j] w2[k, l], w2 being [p, q].
AddRow kronecker_rows(const LoraModule& module) {
  return [w1 = read_factor(module.w1),
          w2 = read_factor(module.w2),
          scale = static_cast<float>(module.scale)](int64_t row, float* to) {
    const float* left = w1.row(row / w2.rows);
    const float* right = w2.row(row % w2.rows);
    for (int64_t j = 0; j < w1.columns; ++j) {
      const float factor = scale * left[j];
      for (int64_t l = 0; l < w2.columns; ++l) to[j * w2.columns + l] += factor * right[l];
    }
  };
}

// What LyCORIS adds to the norm: the distance from 1 to the next number of the base's type.
double norm_epsilon(DType base) {
  switch (base) {
    case DType::F32:
    case DType::F64:
      return 0x1p-23;
    case DType::F16:
      return 0x1p-10;
    default:
      return 0x1p-7;  // bf16; quantised weights were bf16 once
  }
}

double row_norm(const std::vector<float>& row) {
  double sum = 0.0;
  for (const float value : row) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

void for_row_ranges(int64_t rows, int threads, const std::function<void(int64_t, int64_t)>& work) {
  const int64_t count = std::clamp<int64_t>(threads, 1, rows);
  std::vector<std::jthread> workers;
  for (int64_t i = 1; i < count; ++i) {
    workers.emplace_back(work, rows * i / count, rows * (i + 1) / count);
  }
  work(0, rows / count);
}

}  // namespace

std::vector<float> finite_values(const StoredTensor& tensor) {
  std::vector<float> values = to_float(tensor);
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return values;
  throw Error(ErrorCode::CorruptFile,
              str("lora: '",
                  tensor.name,
                  "' holds ",
                  *bad,
                  " at element ",
                  bad - values.begin(),
                  ", expected finite numbers; its training may have diverged"));
}

std::vector<float> dequantised_values(const StoredTensor& tensor) {
  if (dtype_block(tensor.dtype) == 1) return to_float(tensor);
  for (int type = 0; type < GGML_TYPE_COUNT; ++type) {
    const ggml_type_traits* traits = ggml_get_type_traits(static_cast<ggml_type>(type));
    if (!traits->to_float || traits->type_name != dtype_name(tensor.dtype)) continue;
    const int64_t count = element_count(tensor.shape).value_or(0);
    std::vector<float> values(static_cast<size_t>(count));
    traits->to_float(tensor.bytes.data(), values.data(), count);
    return values;
  }
  throw Error(ErrorCode::Unsupported,
              str("weights: '",
                  tensor.name,
                  "' is stored as ",
                  dtype_name(tensor.dtype),
                  ", which cannot be turned back into numbers"));
}

void add_change(const LoraChange& change,
                std::span<const float> pristine,
                std::span<float> target) {
  const LoraModule& module = *change.module;
  const AddRow add_row =
      module.kind == LoraKind::LoKr ? kronecker_rows(module) : low_rank_rows(module);
  std::vector<float> norms;
  if (module.magnitude) norms = finite_values(*module.magnitude);
  const double epsilon = module.magnitude_has_epsilon ? norm_epsilon(change.base_dtype) : 0.0;
  const auto width = static_cast<size_t>(module.in);
  const auto strength = static_cast<float>(change.strength);
  for_row_ranges(module.out, change.threads, [&](int64_t begin, int64_t end) {
    std::vector<float> row(width);
    for (int64_t i = begin; i < end; ++i) {
      const std::span<const float> base = pristine.subspan(static_cast<size_t>(i) * width, width);
      const std::span<float> to = target.subspan(static_cast<size_t>(i) * width, width);
      std::copy(base.begin(), base.end(), row.begin());
      add_row(i, row.data());
      float factor = 1.0f;
      if (!norms.empty()) {
        const double norm = row_norm(row) + epsilon;
        // A row of zeros has no direction that could be given a length.
        factor = norm > 0.0 ? static_cast<float>(norms[static_cast<size_t>(i)] / norm) : 1.0f;
      }
      for (size_t j = 0; j < width; ++j) to[j] += strength * (factor * row[j] - base[j]);
    }
  });
}

}  // namespace ams

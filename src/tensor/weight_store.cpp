#include "tensor/weight_store.h"

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <thread>

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

#include "base/error.h"
#include "base/str.h"
#include "tensor/dtype.h"
#include "tensor/huge_pages.h"

namespace ams {
namespace {

constexpr std::array<PrecisionInfo, 6> kPrecisions{{
    {Precision::F32, "f32", "32-bit floats: the exact values, twice the memory of bf16"},
    {Precision::BF16, "bf16", "as published; the default"},
    {Precision::Q8_0, "q8_0", "8 bits a weight, hardly audible"},
    {Precision::Q6_K, "q6_k", "6.6 bits a weight"},
    {Precision::Q5_K, "q5_k", "5.5 bits a weight"},
    {Precision::Q4_K, "q4_k", "4.5 bits a weight, for small memories"},
}};

ggml_type matrix_type(Precision precision) {
  switch (precision) {
    case Precision::F32:
      return GGML_TYPE_F32;
    case Precision::BF16:
      return GGML_TYPE_BF16;
    case Precision::Q8_0:
      return GGML_TYPE_Q8_0;
    case Precision::Q6_K:
      return GGML_TYPE_Q6_K;
    case Precision::Q5_K:
      return GGML_TYPE_Q5_K;
    case Precision::Q4_K:
      return GGML_TYPE_Q4_K;
  }
  return GGML_TYPE_F32;
}

// Rows that a block format cannot cut evenly stay in bf16.
ggml_type storage_type(const Weight& weight, Precision precision) {
  if (weight.role == WeightRole::Exact) return GGML_TYPE_F32;
  const ggml_type type = matrix_type(precision);
  if (weight.role == WeightRole::Plain && ggml_is_quantized(type)) return GGML_TYPE_BF16;
  return weight.shape.back() % ggml_blck_size(type) == 0 ? type : GGML_TYPE_BF16;
}

ggml_tensor* new_tensor(ggml_context* context, ggml_type type, std::span<const int64_t> shape) {
  std::array<int64_t, 4> ne{1, 1, 1, 1};
  for (size_t i = 0; i < shape.size(); ++i) ne[i] = shape[shape.size() - 1 - i];
  return ggml_new_tensor_4d(context, type, ne[0], ne[1], ne[2], ne[3]);
}

// Of a declared shape, whose product cannot overflow.
int64_t size_of(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (const int64_t dim : shape) count *= dim;
  return count;
}

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

// Writes fp32 values to elements [first, first + values.size()) of a tensor of any type.
// `first` and the count are whole rows, unless the type is fp32.
void write_values(ggml_tensor* tensor, int64_t first, std::span<const float> values) {
  const int64_t row = tensor->ne[0];
  const size_t offset = ggml_row_size(tensor->type, first);
  if (tensor->type == GGML_TYPE_F32) {
    ggml_backend_tensor_set(tensor, values.data(), offset, values.size_bytes());
    return;
  }
  const auto count = static_cast<int64_t>(values.size());
  std::vector<std::byte> packed(ggml_row_size(tensor->type, count));
  if (tensor->type == GGML_TYPE_BF16) {
    floats_to_bf16(values, packed);
  } else {
    quantise_rows(tensor->type, row, values, packed);
  }
  ggml_backend_tensor_set(tensor, packed.data(), offset, packed.size());
}

constexpr int64_t kChunkElements = int64_t{1} << 22;  // of fp32 at a time while converting

// Copies one stored part behind the rows already written.
void copy_part(ggml_tensor* tensor, int64_t first, const StoredTensor& stored) {
  const int64_t count = size_of(stored.shape);
  const bool same =
      (tensor->type == GGML_TYPE_BF16 && stored.dtype == DType::BF16) ||
      (tensor->type == GGML_TYPE_F32 && stored.dtype == DType::F32) ||
      (ggml_is_quantized(tensor->type) && dtype_name(stored.dtype) == ggml_type_name(tensor->type));
  const int64_t row = tensor->ne[0];
  if (same) {
    const size_t offset = ggml_row_size(tensor->type, first);
    ggml_backend_tensor_set(tensor, stored.bytes.data(), offset, stored.bytes.size());
    return;
  }
  if (dtype_block(stored.dtype) != 1) {
    throw Error(ErrorCode::Unsupported,
                str("weights: '",
                    stored.name,
                    "' is stored as ",
                    dtype_name(stored.dtype),
                    " and cannot be turned into ",
                    ggml_type_name(tensor->type),
                    "; load it with --quant ",
                    dtype_name(stored.dtype)));
  }
  const int64_t chunk = std::max<int64_t>(1, kChunkElements / row) * row;
  for (int64_t done = 0; done < count; done += chunk) {
    const int64_t step = std::min(chunk, count - done);
    StoredTensor part{stored.name, stored.dtype, {step}, {}};
    part.bytes =
        stored.bytes.subspan(dtype_bytes(stored.dtype, done), dtype_bytes(stored.dtype, step));
    write_values(tensor, first + done, to_float(part));
  }
}

std::string join_lines(const std::vector<std::string>& lines) {
  constexpr size_t kShown = 12;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, lines.size()); ++i) text += "\n  " + lines[i];
  if (lines.size() > kShown) text += str("\n  and ", lines.size() - kShown, " more");
  return text;
}

}  // namespace

std::span<const PrecisionInfo> precision_table() { return kPrecisions; }

Precision parse_precision(std::string_view name) {
  std::string valid;
  for (const PrecisionInfo& row : kPrecisions) {
    if (row.name == name) return row.precision;
    valid += (valid.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error(ErrorCode::InvalidRequest, str("quant: '", name, "' is unknown; valid are ", valid));
}

WeightScope WeightScope::sub(std::string_view name) const {
  return WeightScope(*store_, full_name(name));
}

WeightScope WeightScope::sub(std::string_view name, int64_t index) const {
  return sub(str(name, ".", index));
}

std::string WeightScope::full_name(std::string_view name) const {
  return prefix_.empty() ? std::string(name) : str(prefix_, ".", name);
}

const Weight* WeightScope::matrix(std::string_view name, int64_t out, int64_t in) const {
  return store_->declare({{full_name(name), {out, in}}}, {out, in}, WeightRole::Matrix, {});
}

const Weight* WeightScope::plain_matrix(std::string_view name, int64_t out, int64_t in) const {
  return store_->declare({{full_name(name), {out, in}}}, {out, in}, WeightRole::Plain, {});
}

const Weight* WeightScope::stacked_matrix(const std::vector<std::pair<std::string, int64_t>>& parts,
                                          int64_t in) const {
  std::vector<WeightPart> stored;
  int64_t rows = 0;
  for (const auto& [name, out] : parts) {
    stored.push_back({full_name(name), {out, in}});
    rows += out;
  }
  return store_->declare(std::move(stored), {rows, in}, WeightRole::Matrix, {});
}

const Weight* WeightScope::exact(std::string_view name, std::vector<int64_t> shape) const {
  return store_->declare({{full_name(name), shape}}, shape, WeightRole::Exact, {});
}

const Weight* WeightScope::derived(std::vector<WeightPart> parts,
                                   std::vector<int64_t> shape,
                                   WeightRole role,
                                   WeightTransform transform) const {
  for (WeightPart& part : parts) part.name = full_name(part.name);
  return store_->declare(std::move(parts), std::move(shape), role, std::move(transform));
}

void WeightScope::ignore(std::string_view name, std::vector<int64_t> shape) const {
  store_->ignored_.push_back({full_name(name), std::move(shape)});
}

WeightStore::WeightStore() = default;

WeightStore::~WeightStore() { ggml_backend_buffer_free(buffer_); }

const Weight* WeightStore::declare(std::vector<WeightPart> parts,
                                   std::vector<int64_t> shape,
                                   WeightRole role,
                                   WeightTransform transform) {
  Weight weight;
  weight.name = parts.front().name;
  weight.shape = std::move(shape);
  weight.role = role;
  parameters_ += size_of(weight.shape);
  weights_.push_back(std::move(weight));
  declarations_.push_back({std::move(parts), std::move(transform)});
  return &weights_.back();
}

void WeightStore::check(const WeightFile& file) const {
  std::vector<std::string> problems;
  std::set<std::string_view> claimed;
  const auto check_part = [&](const WeightPart& part, bool required) {
    claimed.insert(part.name);
    const StoredTensor* stored = file.find(part.name);
    if (!stored) {
      if (required) problems.push_back(str("missing: ", part.name, " ", shape_str(part.shape)));
    } else if (stored->shape != part.shape) {
      problems.push_back(str("shape: ",
                             part.name,
                             " is ",
                             shape_str(stored->shape),
                             ", expected ",
                             shape_str(part.shape)));
    }
  };
  for (const Declaration& declaration : declarations_) {
    for (const WeightPart& part : declaration.parts) check_part(part, /*required=*/true);
  }
  for (const WeightPart& part : ignored_) check_part(part, /*required=*/false);
  for (const StoredTensor& stored : file.tensors()) {
    if (!claimed.contains(stored.name)) {
      problems.push_back(str("unknown: ", stored.name, " ", shape_str(stored.shape)));
    }
  }
  if (problems.empty()) return;
  throw Error(ErrorCode::CorruptFile,
              str("weights: ",
                  problems.size(),
                  " tensors of ",
                  file.description(),
                  " do not fit its configuration:",
                  join_lines(problems),
                  "\nthe file may be for another model size, or config.json is not its own"));
}

void WeightStore::allocate(const Device& device, Precision precision) {
  precision_ = precision;
  context_.emplace(ggml_tensor_overhead() * (weights_.size() + 1));
  for (Weight& weight : weights_) {
    weight.tensor.node = new_tensor(*context_, storage_type(weight, precision), weight.shape);
    weight.tensor.rank = static_cast<int>(weight.shape.size());
  }
  buffer_ = ggml_backend_alloc_ctx_tensors_from_buft(*context_, device.buffer_type());
  if (!buffer_) {
    size_t need = 0;
    for (const Weight& weight : weights_) need += ggml_nbytes(weight.tensor.node);
    throw Error(ErrorCode::OutOfMemory,
                str("weights: ",
                    need >> 20,
                    " MiB are needed on ",
                    device.info().name,
                    ", ",
                    device.info().memory_free >> 20,
                    " MiB are free; a smaller --quant needs less"));
  }
  advise_huge_pages(buffer_);
  ggml_backend_buffer_set_usage(buffer_, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  bytes_ = ggml_backend_buffer_get_size(buffer_);
}

void WeightStore::upload(size_t index, const WeightFile& file) {
  const Declaration& declaration = declarations_[index];
  ggml_tensor* tensor = weights_[index].tensor.node;
  if (!declaration.transform) {
    int64_t first = 0;
    for (const WeightPart& part : declaration.parts) {
      copy_part(tensor, first, *file.find(part.name));
      first += size_of(part.shape);
    }
    return;
  }
  std::vector<std::vector<float>> parts;
  for (const WeightPart& part : declaration.parts) parts.push_back(to_float(*file.find(part.name)));
  const std::vector<float> values = declaration.transform(parts);
  if (static_cast<int64_t>(values.size()) != size_of(weights_[index].shape)) {
    throw Error(ErrorCode::Internal,
                str("weights: the transform of '",
                    weights_[index].name,
                    "' made ",
                    values.size(),
                    " values, expected ",
                    shape_str(weights_[index].shape)));
  }
  write_values(tensor, 0, values);
}

void WeightStore::load(const WeightFile& file, const Device& device, Precision precision) {
  check(file);
  allocate(device, precision);
  for (size_t i = 0; i < weights_.size(); ++i) upload(i, file);
}

void WeightStore::load_random(uint64_t seed, const Device& device, Precision precision) {
  allocate(device, precision);
  // One block of noise is repeated: drawing billions of numbers would take minutes.
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  std::vector<float> noise(static_cast<size_t>(kChunkElements));
  for (float& value : noise) value = normal(random);
  for (Weight& weight : weights_) {
    ggml_tensor* tensor = weight.tensor.node;
    const int64_t count = size_of(weight.shape);
    const int64_t row = tensor->ne[0];
    const int64_t chunk = std::max<int64_t>(1, kChunkElements / row) * row;
    noise.resize(static_cast<size_t>(std::max(chunk, kChunkElements)), 0.01f);
    for (int64_t done = 0; done < count; done += chunk) {
      const auto step = static_cast<size_t>(std::min(chunk, count - done));
      write_values(tensor, done, std::span<const float>(noise).first(step));
    }
  }
}

std::vector<MatrixPart> WeightStore::matrix_parts() {
  std::vector<MatrixPart> matrices;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const bool is_matrix = weights_[i].role != WeightRole::Exact && weights_[i].shape.size() == 2;
    if (!is_matrix || declarations_[i].transform) continue;
    int64_t row = 0;
    for (const WeightPart& part : declarations_[i].parts) {
      matrices.push_back({&weights_[i], part.name, row, part.shape[0], part.shape[1]});
      row += part.shape[0];
    }
  }
  return matrices;
}

void WeightStore::overwrite(const MatrixPart& part, std::span<const float> values) {
  if (static_cast<int64_t>(values.size()) != part.out * part.in) {
    throw Error(ErrorCode::Internal,
                str("weights: ",
                    values.size(),
                    " values for '",
                    part.name,
                    "', expected ",
                    part.out * part.in));
  }
  const int64_t chunk = std::max<int64_t>(1, kChunkElements / part.in) * part.in;
  for (int64_t done = 0; done < part.out * part.in; done += chunk) {
    const int64_t step = std::min(chunk, part.out * part.in - done);
    write_values(part.weight->tensor.node,
                 part.first_row * part.in + done,
                 values.subspan(static_cast<size_t>(done), static_cast<size_t>(step)));
  }
}

void WeightStore::restore(const MatrixPart& part, const WeightFile& file) {
  const StoredTensor* stored = file.find(part.name);
  if (!stored || stored->shape != std::vector<int64_t>{part.out, part.in}) {
    throw Error(ErrorCode::Internal,
                str("weights: ",
                    file.description(),
                    " has no '",
                    part.name,
                    "' of the shape that was loaded; the file was changed meanwhile"));
  }
  copy_part(part.weight->tensor.node, part.first_row * part.in, *stored);
}

}  // namespace ams

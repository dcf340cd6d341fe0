#include "tensor/weight_store.h"

#include <algorithm>
#include <array>
#include <random>
#include <set>

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/str.h"
#include "tensor/dtype.h"
#include "tensor/gguf_layout.h"
#include "tensor/huge_pages.h"
#include "tensor/tensor_convert.h"

namespace ams {
namespace {

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

// Writes fp32 values to elements [first, first + values.size()) of a weight. `first` and the count
// are whole rows, unless the type is fp32.
void write_values(const Weight& weight, int64_t first, std::span<const float> values) {
  ggml_tensor* node = weight.tensor.node;
  const size_t offset = dtype_bytes(weight.dtype, first);
  if (weight.dtype == DType::F32) {
    ggml_backend_tensor_set(node, values.data(), offset, values.size_bytes());
    return;
  }
  const std::vector<std::byte> packed = encode_values(values, weight.dtype, node->ne[0]);
  ggml_backend_tensor_set(node, packed.data(), offset, packed.size());
}

constexpr int64_t kChunkElements = int64_t{1} << 22;  // of fp32 at a time

// Copies one stored part behind the rows already written.
void copy_part(const Weight& weight, int64_t first, const StoredTensor& stored) {
  size_t offset = dtype_bytes(weight.dtype, first);
  convert_tensor(stored, weight.dtype, [&](std::span<const std::byte> bytes) {
    ggml_backend_tensor_set(weight.tensor.node, bytes.data(), offset, bytes.size());
    offset += bytes.size();
  });
}

std::string join_lines(const std::vector<std::string>& lines) {
  constexpr size_t kShown = 12;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, lines.size()); ++i) text += "\n  " + lines[i];
  if (lines.size() > kShown) text += str("\n  and ", lines.size() - kShown, " more");
  return text;
}

}  // namespace

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

// Quantised tensors of a file stay as they are where nothing else is asked for.
void WeightStore::choose_types(const WeightFile* file, Precision precision) {
  for (size_t i = 0; i < weights_.size(); ++i) {
    Weight& weight = weights_[i];
    weight.dtype = weight_dtype(weight.name, weight.shape.back(), weight.role, precision);
    const Declaration& declaration = declarations_[i];
    if (!file || precision != Precision::BF16 || declaration.transform) continue;
    const auto stored_as = [&](const WeightPart& part) { return file->find(part.name)->dtype; };
    const DType stored = stored_as(declaration.parts.front());
    const bool all_alike = std::all_of(declaration.parts.begin(),
                                       declaration.parts.end(),
                                       [&](const auto& part) { return stored_as(part) == stored; });
    const bool has_whole_rows = weight.shape.back() % dtype_block(stored) == 0;
    if (is_quantised(stored) && all_alike && has_whole_rows) weight.dtype = stored;
  }
}

void WeightStore::allocate(const Device& device, Precision precision) {
  precision_ = precision;
  context_.emplace(ggml_tensor_overhead() * (weights_.size() + 1));
  for (Weight& weight : weights_) {
    weight.tensor.node = new_tensor(*context_, detail::ggml_type_of(weight.dtype), weight.shape);
    weight.tensor.rank = static_cast<int>(weight.shape.size());
  }
  const size_t need =
      ggml_backend_alloc_ctx_tensors_from_buft_size(*context_, device.buffer_type());
  bytes_ = MeteredBytes();
  if (device.measures_only()) {
    for (Weight& weight : weights_) device.pretend_allocated(weight.tensor.node);
    bytes_ = MeteredBytes(device.meter(), need);
    return;
  }
  buffer_ = ggml_backend_alloc_ctx_tensors_from_buft(*context_, device.buffer_type());
  if (!buffer_) {
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
  bytes_ = MeteredBytes(device.meter(), ggml_backend_buffer_get_size(buffer_));
}

void WeightStore::upload(size_t index, const WeightFile& file) {
  const Declaration& declaration = declarations_[index];
  const Weight& weight = weights_[index];
  if (!declaration.transform) {
    int64_t first = 0;
    for (const WeightPart& part : declaration.parts) {
      copy_part(weight, first, *file.find(part.name));
      first += size_of(part.shape);
    }
    return;
  }
  std::vector<std::vector<float>> parts;
  for (const WeightPart& part : declaration.parts) {
    const StoredTensor& stored = *file.find(part.name);
    parts.push_back(to_float(stored));
    if (stored.is_mapped) give_back_pages(stored.bytes);
  }
  const std::vector<float> values = declaration.transform(parts);
  if (static_cast<int64_t>(values.size()) != size_of(weight.shape)) {
    throw Error(ErrorCode::Internal,
                str("weights: the transform of '",
                    weight.name,
                    "' made ",
                    values.size(),
                    " values, expected ",
                    shape_str(weight.shape)));
  }
  write_values(weight, 0, values);
}

void WeightStore::load(const WeightFile& file, const Device& device, Precision precision) {
  check(file);
  choose_types(&file, precision);
  allocate(device, precision);
  if (device.measures_only()) return;
  for (size_t i = 0; i < weights_.size(); ++i) upload(i, file);
}

std::vector<WeightPart> WeightStore::stored_parts() const {
  std::vector<WeightPart> parts;
  std::set<std::string_view> seen;
  for (const Declaration& declaration : declarations_) {
    for (const WeightPart& part : declaration.parts) {
      if (seen.insert(part.name).second) parts.push_back(part);
    }
  }
  return parts;
}

std::vector<TensorRecipe> WeightStore::recipes(const WeightFile& file, Precision precision) const {
  check(file);
  std::vector<TensorRecipe> recipes;
  std::set<std::string_view> seen;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const Weight& weight = weights_[i];
    for (const WeightPart& part : declarations_[i].parts) {
      if (!seen.insert(part.name).second) continue;
      const StoredTensor& stored = *file.find(part.name);
      const bool keeps_type = weight.role == WeightRole::Exact || declarations_[i].transform;
      const DType dtype =
          keeps_type ? stored.dtype
                     : weight_dtype(weight.name, part.shape.back(), weight.role, precision);
      recipes.push_back({part.name, dtype, part.shape, [&stored, dtype](const ByteSink& sink) {
                           convert_tensor(stored, dtype, sink);
                         }});
    }
  }
  return recipes;
}

void WeightStore::load_random(uint64_t seed, const Device& device, Precision precision) {
  choose_types(nullptr, precision);
  allocate(device, precision);
  if (device.measures_only()) return;
  // One block of noise is repeated: drawing billions of numbers would take minutes.
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  std::vector<float> noise(static_cast<size_t>(kChunkElements));
  for (float& value : noise) value = normal(random);
  for (const Weight& weight : weights_) {
    const int64_t count = size_of(weight.shape);
    const int64_t row = weight.shape.back();
    const int64_t chunk = std::max<int64_t>(1, kChunkElements / row) * row;
    noise.resize(static_cast<size_t>(std::max(chunk, kChunkElements)), 0.01f);
    for (int64_t done = 0; done < count; done += chunk) {
      const auto step = static_cast<size_t>(std::min(chunk, count - done));
      write_values(weight, done, std::span<const float>(noise).first(step));
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
    write_values(*part.weight,
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
  copy_part(*part.weight, part.first_row * part.in, *stored);
}

}  // namespace ams

// The weights of one network on one device: declared by its blocks, loaded in one pass.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/device.h"
#include "tensor/memory_meter.h"
#include "tensor/node_context.h"
#include "tensor/tensor.h"
#include "tensor/tensor_recipe.h"
#include "tensor/weight_file.h"
#include "tensor/weight_format.h"

struct ggml_context;
struct ggml_backend_buffer;

namespace ams {

// A low-rank addition to a matrix: y += scale * up(down(x)). Rows of `up` cover output rows
// [begin, begin + up.dim(0)) of the matrix, which may be a part of a fused one.
struct LowRank {
  Tensor down;  // [rank, in]
  Tensor up;    // [out, rank]
  int64_t begin = 0;
  float scale = 1.0f;
  std::shared_ptr<const void> owner;  // of both tensors; graphs that use them share it
};

// One declared tensor. `tensor` is set by WeightStore::load and stays for the store's life.
struct Weight {
  std::string name;  // of the first part, for messages
  std::vector<int64_t> shape;
  WeightRole role = WeightRole::Exact;
  DType dtype = DType::F32;  // set by WeightStore::load
  Tensor tensor;
  std::vector<LowRank> adapters;  // applied by GraphBuilder::linear in this order
};

// Turns the stored parts of a weight (fp32, in the order of declaration) into its final values.
using WeightTransform = std::function<std::vector<float>(std::span<const std::vector<float>>)>;

// Where in the checkpoint a part of a weight lies and what shape it must have there.
struct WeightPart {
  std::string name;
  std::vector<int64_t> shape;
};

// One [out, in] matrix of the checkpoint that adapters may change: rows [first_row, first_row +
// out) of a declared weight.
struct MatrixPart {
  Weight* weight = nullptr;
  std::string name;  // in the checkpoint
  int64_t first_row = 0;
  int64_t out = 0;
  int64_t in = 0;
};

class WeightStore;

// A name prefix in a store. Blocks take one in their constructor and declare their tensors; the
// pointers stay valid for the store's life and may be used in graphs once the store is loaded.
class WeightScope {
 public:
  WeightScope(WeightStore& store, std::string prefix)
      : store_(&store), prefix_(std::move(prefix)) {}

  WeightScope sub(std::string_view name) const;
  WeightScope sub(std::string_view name, int64_t index) const;  // "layers.3"

  // [out, in], follows the store's precision.
  const Weight* matrix(std::string_view name, int64_t out, int64_t in) const;
  // [out, in], never quantised.
  const Weight* plain_matrix(std::string_view name, int64_t out, int64_t in) const;
  // Several [out_i, in] matrices stored apart, stacked to one [sum of out_i, in].
  const Weight* stacked_matrix(const std::vector<std::pair<std::string, int64_t>>& parts,
                               int64_t in) const;
  const Weight* exact(std::string_view name, std::vector<int64_t> shape) const;
  // A weight computed from one or more stored parts.
  const Weight* derived(std::vector<WeightPart> parts,
                        std::vector<int64_t> shape,
                        WeightRole role,
                        WeightTransform transform) const;
  // Claims a tensor that this network does not use, so that it does not count as unknown.
  void ignore(std::string_view name, std::vector<int64_t> shape) const;

  std::string full_name(std::string_view name) const;

 private:
  WeightStore* store_;
  std::string prefix_;
};

// Confined to the worker thread.
class WeightStore {
 public:
  WeightStore();
  ~WeightStore();
  WeightStore(const WeightStore&) = delete;
  WeightStore& operator=(const WeightStore&) = delete;

  WeightScope root() { return WeightScope(*this, ""); }

  // Compares the names and shapes of a file with the declared ones, without reading a value.
  // Throws CorruptFile listing every missing, mis-shaped and unknown tensor together.
  void check(const WeightFile& file) const;

  // Checks the whole file, then uploads tensor by tensor: no second copy of the weights exists.
  // Precision::BF16 leaves quantised tensors of the file as they are; any other precision converts
  // them. Throws as check(), and OutOfMemory. On a measuring device nothing is uploaded.
  void load(const WeightFile& file, const Device& device, Precision precision);

  // What a file of this precision holds: every tensor that the network reads, in the type that
  // weight_dtype() gives it, or as it is where that is Exact. `file`, which must outlive the
  // result, is checked first. Throws as check().
  std::vector<TensorRecipe> recipes(const WeightFile& file, Precision precision) const;

  // Every tensor of a checkpoint by name and shape, in order of declaration, each once.
  std::vector<WeightPart> stored_parts() const;
  // Those that may be there and are not read.
  std::span<const WeightPart> ignored_parts() const { return ignored_; }

  // Fills every declared tensor with small seeded random numbers, for measuring without a
  // checkpoint.
  void load_random(uint64_t seed, const Device& device, Precision precision);

  size_t bytes() const { return bytes_.bytes(); }     // on the device
  int64_t parameters() const { return parameters_; }  // elements of all declared tensors
  Precision precision() const { return precision_; }
  std::deque<Weight>& weights() { return weights_; }
  // All matrices of linear layers that are stored as they are used.
  std::vector<MatrixPart> matrix_parts();
  // Replace the values of a part of a loaded store: `values` [out, in] are encoded to the weight's
  // type; `file` is the one that the store was loaded from. No graph may run meanwhile.
  void overwrite(const MatrixPart& part, std::span<const float> values);
  void restore(const MatrixPart& part, const WeightFile& file);

 private:
  friend class WeightScope;
  struct Declaration {
    std::vector<WeightPart> parts;
    WeightTransform transform;  // empty: the parts are stacked along dimension 0
  };

  const Weight* declare(std::vector<WeightPart> parts,
                        std::vector<int64_t> shape,
                        WeightRole role,
                        WeightTransform transform);
  void choose_types(const WeightFile* file, Precision precision);
  void allocate(const Device& device, Precision precision);
  void upload(size_t index, const WeightFile& file);

  std::deque<Weight> weights_;
  std::vector<Declaration> declarations_;  // same order as weights_
  std::vector<WeightPart> ignored_;
  std::optional<NodeContext> context_;  // set by allocate()
  ggml_backend_buffer* buffer_ = nullptr;
  MeteredBytes bytes_;
  int64_t parameters_ = 0;
  Precision precision_ = Precision::F32;
};

}  // namespace ams

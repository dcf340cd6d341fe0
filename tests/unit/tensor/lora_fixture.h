// A little decoder with fused and plain matrices, adapters for it, and what they should do,
// computed the slow way.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/safetensors_bytes.h"
#include "support/temporary_folder.h"
#include "tensor/device.h"
#include "tensor/lora_stack.h"
#include "tensor/weight_store.h"

namespace ams {

inline constexpr int64_t kHidden = 64;
inline constexpr int64_t kKeyWidth = 32;
inline constexpr int64_t kInner = 96;

struct Dense {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<float> values;

  float& at(int64_t i, int64_t j) { return values[static_cast<size_t>(i * columns + j)]; }
  float at(int64_t i, int64_t j) const { return values[static_cast<size_t>(i * columns + j)]; }
};

Dense test_matrix(int64_t rows, int64_t columns, uint32_t seed);
Dense product(const Dense& a, const Dense& b);
Dense kron(const Dense& a, const Dense& b);
// a + scale * b
Dense sum(const Dense& a, const Dense& b, double scale);
// Rows of `a` scaled to the given norms; `epsilon` is added to their own.
Dense with_norms(const Dense& a, const std::vector<float>& norms, double epsilon);
double max_difference(const Dense& a, const Dense& b);
NamedValues named(const std::string& name, const Dense& matrix);
NamedValues number(const std::string& name, float value);

// "layers.0.self_attn.q_proj" and so on: every matrix that an adapter may change.
struct BaseMatrix {
  std::string module;
  int64_t out = 0;
  int64_t in = 0;
};
std::vector<BaseMatrix> base_matrices();

// The decoder of `base_matrices`, loaded from a file, with a stack on it.
class LoraModel {
 public:
  explicit LoraModel(Precision precision = Precision::F32, const std::string& dtype = "F32");

  // The matrix that a linear layer multiplies with now, measured through a graph.
  Dense effective(const std::string& module);
  // What the checkpoint holds.
  Dense stored(const std::string& module) const;
  std::vector<Dense> all_effective();

  LoraStack& stack() { return *stack_; }
  const Device& device() const { return *device_; }
  WeightStore& store() { return store_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Device> device_;
  WeightStore store_;
  std::shared_ptr<const WeightFile> file_;
  std::unique_ptr<LoraStack> stack_;
};

// Writes a file, opens it as an adapter.
std::shared_ptr<const LoraFile> open_adapter(const TemporaryFolder& folder,
                                             const std::vector<NamedValues>& tensors,
                                             const std::string& metadata = "",
                                             std::string_view name = "adapter.safetensors");

// A PEFT adapter of rank `rank` of the given modules, with seeded values.
std::vector<NamedValues> peft_tensors(const std::vector<BaseMatrix>& modules,
                                      int64_t rank,
                                      uint32_t seed);

}  // namespace ams

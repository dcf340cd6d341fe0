// The adapters that a model runs with: any number, each with its own strength.
//
// LoRA runs beside its matrix (y = W x + s up (down x)), so a quantised matrix keeps its exact
// values and a new strength costs nothing. DoRA and LoKr change the matrix itself: those matrices
// alone are computed anew from the checkpoint, W + sum of s_k (W'_k - W), encoded as the matrix is
// stored, and restored from the checkpoint when the adapter goes. Every change is measured from the
// checkpoint's own W, so the order of a stack does not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/device.h"
#include "tensor/lora_file.h"
#include "tensor/lora_tensors.h"
#include "tensor/weight_file.h"
#include "tensor/weight_store.h"

namespace ams {

inline constexpr double kMaxLoraStrength = 1.5;

// One adapter of a stack.
struct LoraUse {
  std::shared_ptr<const LoraFile> file;  // shared: the stack compares and keeps it
  double strength = 1.0;                 // 0 to 1.5; 0 = not applied at all
};

// What became of one adapter.
struct LoraOutcome {
  std::string name;
  double strength = 0;
  int64_t modules_matched = 0;         // matrices of the model that the adapter is made for
  int64_t modules_applied = 0;         // the same, but 0 at strength 0
  std::vector<std::string> unmatched;  // modules and tensors of the file without a place here
};

// Confined to the worker thread. Store and device must outlive it.
class LoraStack {
 public:
  // `base` is the file that the store was loaded from; `scope` is what the adapted network's names
  // begin with in it ("decoder").
  LoraStack(WeightStore& store,
            const Device& device,
            std::shared_ptr<const WeightFile> base,
            const std::string& scope);
  ~LoraStack();  // the store's weights are the checkpoint's again
  LoraStack(const LoraStack&) = delete;
  LoraStack& operator=(const LoraStack&) = delete;

  // Makes the store's weights those of exactly these adapters; outcomes in the same order. Graphs
  // that were built before keep running with their old adapters, but see merged matrices change:
  // call it between songs, never while a bound denoiser is in use. What stays in the stack is not
  // uploaded or merged again. An adapter without any match, or with a matrix of another size, is
  // an error before anything changes: Unsupported, saying what it was made for. Also throws
  // InvalidRequest (strength), CorruptFile, OutOfMemory; after these the model has no adapters.
  std::vector<LoraOutcome> apply(std::span<const LoraUse> uses);

  size_t bytes() const;  // of low-rank matrices on the device
  int64_t merged_matrices() const { return static_cast<int64_t>(merged_.size()); }

 private:
  // A module and the matrix it changes.
  struct Match {
    const LoraModule* module;
    const MatrixPart* part;
  };
  struct Plan {
    std::vector<Match> beside;  // LoRA
    std::vector<Match> merged;  // DoRA, LoKr
    LoraOutcome outcome;
  };
  // One adapter's share of a merged matrix.
  struct Share {
    std::shared_ptr<const LoraFile> file;  // shared: keeps `module`, and its address, alive
    const LoraModule* module;
    double strength;
    bool operator==(const Share&) const = default;
  };
  using Merges = std::map<const MatrixPart*, std::vector<Share>>;

  Plan match(const LoraUse& use) const;
  const MatrixPart* find(const LoraModule& module) const;
  [[noreturn]] void throw_no_match(const LoraFile& file) const;
  [[noreturn]] void throw_misfit(const LoraFile& file, const Match& match) const;
  void detach();
  void attach(const LoraUse& use, const Plan& plan);
  void merge(const Merges& wanted);
  void merge_part(const MatrixPart& part, std::span<const Share> shares);
  void reset();

  WeightStore* store_;
  const Device* device_;
  std::shared_ptr<const WeightFile> base_;
  std::vector<MatrixPart> parts_;                                         // of the scope
  std::map<std::string, const MatrixPart*, std::less<>> by_module_;       // "layers.0.mlp.up_proj"
  std::map<std::string, const MatrixPart*, std::less<>> by_flat_module_;  // '_' for '.'
  // Shared with the graphs that use them.
  std::map<std::shared_ptr<const LoraFile>, std::shared_ptr<const LoraTensors>> uploaded_;
  Merges merged_;
};

}  // namespace ams

// The caches of a few sequences on a card, and the recorded steps that extend them.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "cuda/queue.h"
#include "nets/cuda_lm.h"
#include "nets/cuda_lm_memory.h"
#include "nets/cuda_lm_pass.h"
#include "tensor/memory_meter.h"

namespace ams {

// A step is handed to the queue call by call at first, then recorded, and from then on runs as one
// graph: tokens, sequences and positions are in the card's memory, so it stays the same until the
// sequences outgrow its bucket or other output rows are chosen. Confined to the worker thread.
class CudaLmSession : public LmSession {
 public:
  // `queue` is null on a device that only measures: then memory is counted, nothing is computed and
  // logits are zero. Throws OutOfMemory.
  CudaLmSession(const QwenLm& lm,
                std::shared_ptr<cuda::Queue> queue,
                const LmSessionOptions& options);

  int64_t length(int64_t sequence) const override { return lengths_[index(sequence)]; }
  int64_t num_logits() const override { return head_.width(); }
  void set_output_rows(const OutputRows& rows) override;
  void prefill(int64_t sequence, std::span<const int32_t> tokens, std::span<float> logits) override;
  void prefill_all(int64_t sequence,
                   std::span<const int32_t> tokens,
                   std::span<float> logits) override;
  void step(std::span<const int32_t> tokens, std::span<float> logits) override;
  void fork(int64_t from, int64_t to, int64_t tokens) override;
  void truncate(int64_t sequence, int64_t tokens) override;

 private:
  struct Step {
    bool has_run = false;
    std::unique_ptr<cuda::Recording> recording;
  };

  static size_t index(int64_t value) { return static_cast<size_t>(value); }
  void check_capacity(int64_t sequence, int64_t more) const;
  void fill_rotary();
  int64_t bucket_of(int64_t positions) const;
  void place_rows(int64_t first_sequence, int64_t sequences, std::span<const int32_t> tokens);
  void run_step(int64_t rows, std::span<float> logits);
  void run_chunk(int64_t rows, bool all, std::span<float> logits);
  void prefill_chunks(int64_t sequence,
                      std::span<const int32_t> tokens,
                      std::span<float> logits,
                      bool all);

  const int64_t vocab_size_;
  const CudaLmWeights weights_;
  const CudaLmSizes sizes_;
  std::shared_ptr<cuda::Queue> queue_;  // shared with the model that made this
  MeteredBytes metered_;
  cuda::DeviceMemory block_;
  CudaLmMemory memory_;
  CudaLmHead head_;
  std::vector<int64_t> lengths_;
  int64_t most_positions_ = 0;                         // of the rows that are placed
  std::map<std::pair<int64_t, int64_t>, Step> steps_;  // by rows and bucket
};

}  // namespace ams

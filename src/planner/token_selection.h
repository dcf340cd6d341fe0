// Draws one of many candidates by their logits, with top-k and top-p, without sorting them all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ams {

struct SelectionOptions {
  float temperature = 1.0f;  // 0 = the best, ties by position
  int64_t top_k = 0;         // 0 = all
  float top_p = 1.0f;        // 0 or 1 = all
};

// Temperature, then top-k, then top-p of what is left (arXiv:1904.09751), then softmax and a draw.
// Candidates are sorted into bins by logit; only the bin that holds the limit is looked into, so
// the cost stays linear even for flat logits. Reuses its memory; confined to one thread.
class TokenSelector {
 public:
  // `logits`: one a candidate; -infinity and NaN exclude one. `uniform` in [0, 1). Returns the
  // index of the drawn candidate. Throws Internal if no candidate is left or one is +infinity.
  int64_t select(std::span<const float> logits, const SelectionOptions& options, double uniform);

 private:
  struct Limits {
    float largest;
    float smallest;  // of the finite ones
  };
  static Limits find_limits(std::span<const float> logits);

  void weigh(std::span<const float> logits, float temperature, const Limits& limits);
  void fill_masses();
  void fill_counts();
  // Draws from all bins, the last of them reduced to the heaviest that top_p needs.
  int64_t draw_top_p(std::span<const float> logits, double top_p, double uniform);
  int64_t draw_top_k(std::span<const float> logits, size_t top_k, double top_p, double uniform);
  void gather(int32_t first_bin, int32_t last_bin);  // into members_, by position
  size_t keep_heaviest(std::span<const float> logits, double mass);
  int64_t draw_member(size_t count, double mass) const;

  std::vector<float> weights_;    // exp((logit - largest) / temperature)
  std::vector<int32_t> bins_;     // 0 = the largest logits
  std::vector<double> mass_;      // of each bin; filled for top-p
  std::vector<int64_t> count_;    // of each bin; filled for top-k
  std::vector<int32_t> members_;  // positions of the candidates looked into
};

}  // namespace ams

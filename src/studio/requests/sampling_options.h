// Knobs that all song modes share: the panel "Advanced" of the studio.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fields.h"

namespace ams {

enum class InferMethod { Ode, Sde };

// Diffusion, guidance and musical metadata; on the wire the object "advanced". A value type.
struct AdvancedOptions {
  std::optional<int64_t>
      inference_steps;                   // 8-80; absent: the model's own (sft 27, turbo 8, base 50)
  std::optional<double> guidance_scale;  // 1-15, 1 = off; absent: the model's own (sft 7)
  InferMethod infer_method = InferMethod::Ode;
  double cfg_interval_start = 0.0;  // 0-1, guidance acts at noise levels from start to end
  double cfg_interval_end = 1.0;    // 0-1
  std::optional<double> shift;      // 0.5-3, 1 = linear; absent: the model's own (sft 1)
  bool use_adg = false;
  std::optional<int64_t> bpm;  // 30-300 beats a minute; absent: the planner chooses
  std::string keyscale;        // "A minor"; empty: the planner chooses
  std::string timesignature;   // "2", "3", "4", "6"; empty: the planner chooses
  std::string vocal_language = "unknown";
};

// The planner (5 Hz language model); on the wire the object "lm". A value type.
struct PlannerOptions {
  bool thinking = true;          // the planner writes audio codes as well as metadata
  bool use_cot_caption = true;   // it may rewrite the caption
  bool use_cot_metas = true;     // it fills metadata that the user left empty
  bool use_cot_language = true;  // it names the vocal language if the user did not
  double temperature = 0.85;     // 0-2, 0 = greedy
  double top_p = 0.9;            // 0-1, 0 and 1 = off
  int64_t top_k = 0;             // 0-1000, 0 = off
  double cfg = 2.0;              // 1-10, 1 = off
  std::string negative_prompt = "NO USER INPUT";
};

// Wavelet correction of the sampler; on the wire the object "dcw". API only. A value type.
struct CorrectionRequest {
  bool enabled = false;
  std::string mode = "double";  // low, high, double, pix
  double scaler = 0.05;         // 0-1
  double high_scaler = 0.02;    // 0-1, mode double only
};

// The rows of each struct. They point into the argument.
Fields fields(AdvancedOptions& options);
Fields fields(PlannerOptions& options);
Fields fields(CorrectionRequest& options);

}  // namespace ams

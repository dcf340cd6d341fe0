#include "studio/requests/sampling_options.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "planner/metadata.h"
#include "studio/requests/song_controls.h"

namespace ams {
namespace {

std::vector<std::string> language_codes() {
  const auto codes = languages();
  return {codes.begin(), codes.end()};
}

// Of the languages that forms offer; the others are for the API.
std::vector<std::string> language_labels() {
  static const std::map<std::string, std::string> kOffered = {{"unknown", "Auto"},
                                                              {"en", "English"},
                                                              {"zh", "Chinese"},
                                                              {"ja", "Japanese"},
                                                              {"ko", "Korean"},
                                                              {"es", "Spanish"},
                                                              {"fr", "French"},
                                                              {"de", "German"},
                                                              {"it", "Italian"},
                                                              {"pt", "Portuguese"},
                                                              {"ru", "Russian"}};
  std::vector<std::string> labels;
  for (const std::string& code : language_codes()) {
    const auto offered = kOffered.find(code);
    labels.push_back(offered == kOffered.end() ? "" : offered->second);
  }
  return labels;
}

constexpr const char* kAdvanced = "advanced";

// How the diffusion model is sampled.
Fields sampler_fields(AdvancedOptions& options) {
  return {
      {.name = "inference_steps",
       .group = kAdvanced,
       .flag = "--inference-steps",
       .member = &options.inference_steps,
       .range = {8, 80},
       .when_absent = "the model's own: sft 27, turbo 8, base 50",
       .help = "Diffusion steps; more is slower and finer",
       .label = "Inference steps",
       .step = 1},
      {.name = "guidance_scale",
       .group = kAdvanced,
       .flag = "--guidance-scale",
       .member = &options.guidance_scale,
       .range = {1, 15},
       .when_absent = "the model's own: 7, turbo off",
       .help = "How strictly the song follows the prompt; 1 turns guidance off",
       .label = "Guidance scale (CFG)",
       .step = 0.5},
      {.name = "infer_method",
       .group = kAdvanced,
       .flag = "--infer-method",
       .member = EnumMember(&options.infer_method),
       .choices = {"ode", "sde"},
       .help = "ode repeats exactly per seed, sde adds fresh noise at every step",
       .label = "Inference method"},
      {.name = "cfg_interval_start",
       .group = kAdvanced,
       .flag = "--cfg-interval-start",
       .member = &options.cfg_interval_start,
       .range = {0, 1},
       .help = "Lowest noise level with guidance (0 is the clean end)",
       .label = "CFG interval start",
       .step = 0.05},
      {.name = "cfg_interval_end",
       .group = kAdvanced,
       .flag = "--cfg-interval-end",
       .member = &options.cfg_interval_end,
       .range = {0, 1},
       .help = "Highest noise level with guidance (1 is pure noise)",
       .label = "CFG interval end",
       .step = 0.05},
      {.name = "shift",
       .group = kAdvanced,
       .flag = "--shift",
       .member = &options.shift,
       .range = {0.5, 3},
       .when_absent = "the model's own: 1, turbo 3",
       .help = "Warps the schedule of noise levels; 1 is linear",
       .label = "Shift",
       .step = 0.1},
      {.name = "use_adg",
       .group = kAdvanced,
       .flag = "--use-adg",
       .member = &options.use_adg,
       .help = "Adaptive dual guidance instead of projected guidance (experimental)",
       .label = "Use Adaptive Dual Guidance (ADG)"},
  };
}

// What the song shall be like, as far as the user fixes it.
Fields music_fields(AdvancedOptions& options) {
  return {
      {.name = "bpm",
       .group = kAdvanced,
       .flag = "--bpm",
       .member = &options.bpm,
       .range = {30, 300},
       .unit = "beats a minute",
       .when_absent = "the planner chooses",
       .help = "Tempo",
       .label = "BPM",
       .step = 1},
      {.name = "keyscale",
       .group = kAdvanced,
       .flag = "--keyscale",
       .member = &options.keyscale,
       .range = {0, 20},
       .when_absent = "the planner chooses",
       .help = "Key, such as \"A minor\", \"F# major\" or \"Am\"",
       .label = "Key / scale",
       .placeholder = "A minor"},
      {.name = "timesignature",
       .group = kAdvanced,
       .flag = "--timesignature",
       .member = &options.timesignature,
       .choices = {"", "2", "3", "4", "6"},
       .when_absent = "the planner chooses",
       .help = "Beats a bar: 2/4, 3/4, 4/4 or 6/8",
       .label = "Time signature",
       .choice_labels = {"auto", "2/4", "3/4", "4/4", "6/8"}},
      {.name = "vocal_language",
       .group = kAdvanced,
       .flag = "--vocal-language",
       .member = &options.vocal_language,
       .choices = language_codes(),
       .help = "Language of the lyrics",
       .label = "Vocal language",
       .choice_labels = language_labels()},
  };
}

// What the planner does.
Fields planning_fields(PlannerOptions& options) {
  const std::string group = "lm";
  return {
      {.name = "thinking",
       .group = group,
       .flag = "--thinking",
       .member = &options.thinking,
       .help = "The planner drafts the song as audio codes first",
       .label = "Enable thinking (CoT)"},
      {.name = "use_cot_caption",
       .group = group,
       .flag = "--use-cot-caption",
       .member = &options.use_cot_caption,
       .help = "The planner may rewrite the prompt",
       .label = "Let LM rewrite caption"},
      {.name = "use_cot_metas",
       .group = group,
       .flag = "--use-cot-metas",
       .member = &options.use_cot_metas,
       .help = "The planner fills in tempo, key and time signature that are not given",
       .label = "Let LM infer metadata"},
      {.name = "use_cot_language",
       .group = group,
       .flag = "--use-cot-language",
       .member = &options.use_cot_language,
       .help = "The planner detects the language of the lyrics",
       .label = "Let LM detect vocal language"},
  };
}

// How it chooses its tokens.
Fields token_fields(PlannerOptions& options) {
  const std::string group = "lm";
  return {
      {.name = "temperature",
       .group = group,
       .flag = "--lm-temperature",
       .member = &options.temperature,
       .range = {0, 2},
       .help = "Randomness of the planner; 0 is greedy",
       .label = "LM temperature",
       .step = 0.05},
      {.name = "top_p",
       .group = group,
       .flag = "--lm-top-p",
       .member = &options.top_p,
       .range = {0, 1},
       .help = "Share of probability the planner samples from; 0 and 1 turn it off",
       .label = "LM top-p",
       .step = 0.05},
      {.name = "top_k",
       .group = group,
       .flag = "--lm-top-k",
       .member = &options.top_k,
       .range = {0, 1000},
       .help = "Number of tokens the planner samples from; 0 turns it off",
       .label = "LM top-k",
       .step = 1},
      {.name = "cfg",
       .group = group,
       .flag = "--lm-cfg-scale",
       .member = &options.cfg,
       .range = {1, 10},
       .help = "Guidance of the planner; 1 turns it off",
       .label = "LM CFG scale",
       .step = 0.5},
      {.name = "negative_prompt",
       .group = group,
       .flag = "--lm-negative-prompt",
       .member = &options.negative_prompt,
       .range = {0, 512},
       .help = "What the planner is guided away from",
       .label = "LM negative prompt"},
  };
}

}  // namespace

Fields fields(AdvancedOptions& options) {
  return joined(sampler_fields(options), music_fields(options));
}

Fields fields(PlannerOptions& options) {
  return joined(planning_fields(options), token_fields(options));
}

Fields fields(CorrectionRequest& options) {
  const std::string group = "dcw";
  return {
      {.name = "enabled",
       .group = group,
       .member = &options.enabled,
       .help = "Corrects every step in the wavelet domain"},
      {.name = "mode",
       .group = group,
       .member = &options.mode,
       .choices = {"low", "high", "double", "pix"},
       .help = "Bands that are corrected"},
      {.name = "scaler",
       .group = group,
       .member = &options.scaler,
       .range = {0, 1},
       .help = "Strength, of the low band in mode double"},
      {.name = "high_scaler",
       .group = group,
       .member = &options.high_scaler,
       .range = {0, 1},
       .help = "Strength of the high band in mode double"},
  };
}

}  // namespace ams

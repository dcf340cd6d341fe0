#include "studio/requests/song_controls.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <random>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "planner/metadata.h"
#include "planner/plain_text.h"

namespace ams {
namespace {

constexpr int32_t kMaxSeed = 2147483647;
constexpr size_t kMaxLoras = 16;
constexpr double kStrongestLora = 1.5;
constexpr size_t kMaxLoraNameBytes = 4096;

// For numbers where users write 0 or less for "none".
void drop_unless_positive(std::optional<int64_t>& value) {
  if (value && *value <= 0) value.reset();
}

void validate(const LoraChoice& lora) {
  if (is_blank(lora.name) || lora.name.size() > kMaxLoraNameBytes || !is_utf8(lora.name)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'loras' has an entry without a usable name; expected a preset's name or "
                "the path of an adapter");
  }
  if (lora.strength && !(*lora.strength >= 0.0 && *lora.strength <= kStrongestLora)) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: 'loras' gives '",
                    lora.name,
                    "' the strength ",
                    *lora.strength,
                    ", expected 0 to ",
                    kStrongestLora));
  }
}

}  // namespace

Fields control_fields(SongControls& controls) {
  Fields rows = {
      {.name = "seed",
       .flag = "--seed",
       .member = &controls.seed,
       .range = {-1, kMaxSeed},
       .when_absent = "a random one; so are -1 and 0",
       .help = "Same request and seed, same song",
       .label = "Seed",
       .step = 1},
      {.name = "sde_seed",
       .flag = "--sde-seed",
       .member = &controls.sde_seed,
       .range = {1, kMaxSeed},
       .when_absent = "a random one",
       .help = "Repeats a run of method sde exactly"},
      {.name = "model",
       .flag = "--model",
       .member = &controls.model,
       .range = {0, 4096},
       .when_absent = "the best model present",
       .help = "Name or folder of the model; ams models lists them"},
      {.name = "compat",
       .flag = "--compat",
       .member = EnumMember(&controls.compat),
       .choices = {"none", "bf16-tables"},
       .help = "bf16-tables rounds as the official CUDA program does, for comparisons"},
  };
  rows = joined(std::move(rows), fields(controls.advanced));
  rows = joined(std::move(rows), fields(controls.lm));
  return joined(std::move(rows), fields(controls.dcw));
}

Fields joined(Fields rows, Fields more) {
  std::move(more.begin(), more.end(), std::back_inserter(rows));
  return rows;
}

void normalise(SongControls& controls) {
  drop_unless_positive(controls.seed);
  drop_unless_positive(controls.sde_seed);
  if (controls.advanced.bpm == 0) controls.advanced.bpm.reset();
  if (controls.lm.negative_prompt.empty()) {
    controls.lm.negative_prompt = PlannerOptions().negative_prompt;
  }
  controls.advanced.keyscale = normalise_key_scale(controls.advanced.keyscale);
}

void validate_controls(const SongControls& controls) {
  const AdvancedOptions& advanced = controls.advanced;
  if (advanced.cfg_interval_start > advanced.cfg_interval_end) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: 'advanced.cfg_interval_start' is ",
                    advanced.cfg_interval_start,
                    ", expected at most 'advanced.cfg_interval_end', which is ",
                    advanced.cfg_interval_end));
  }
  if (controls.loras.size() > kMaxLoras) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: 'loras' has ",
                    controls.loras.size(),
                    " entries, expected at most ",
                    kMaxLoras));
  }
  for (const LoraChoice& lora : controls.loras) validate(lora);
}

LoraChoice parse_lora_choice(std::string_view text) {
  LoraChoice choice;
  const size_t sign = text.rfind('=');
  double strength = 0;
  if (sign != std::string_view::npos) {
    const std::string_view number = text.substr(sign + 1);
    const char* const last = number.data() + number.size();
    const auto [end, error] = std::from_chars(number.data(), last, strength);
    // What is no number belongs to a path with this sign in it.
    if (!number.empty() && error == std::errc() && end == last) {
      choice.strength = strength;
      text = text.substr(0, sign);
    }
  }
  choice.name = text;
  validate(choice);
  return choice;
}

int64_t draw_seed() {
  std::random_device source;
  return std::uniform_int_distribution<int64_t>(1, kMaxSeed)(source);
}

int64_t estimate_seconds(double seconds) {
  constexpr int64_t kBaseSeconds = 30;
  constexpr double kPerSecondOfAudio = 2.0;
  const auto audio = static_cast<int64_t>(std::ceil(kPerSecondOfAudio * seconds));
  return std::clamp<int64_t>(kBaseSeconds + audio, 60, 300);
}

}  // namespace ams

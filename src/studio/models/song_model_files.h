// Which folders make up one song model: a diffusion checkpoint and the networks around it.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ams {

// What it is, for summaries and notes, and where the real thing comes from.
inline constexpr std::string_view kBuiltInModel = "the small built-in instrumental model";
inline constexpr std::string_view kGetFullModel =
    "`ams pull xl-sft` gets the full one, `ams pull turbo` a smaller one";

// Whether a folder is a part of the built-in model. Its parts go with each other only: its latents
// and codes mean nothing to other models, though the sizes are the same.
bool is_built_in(const std::filesystem::path& folder);

struct SongModelFiles {
  std::string name;           // of the diffusion checkpoint's folder; "demo": the built-in one
  std::filesystem::path dit;  // config.json, weights, silence latent
  std::filesystem::path vae;
  std::filesystem::path text_encoder;
  std::optional<std::filesystem::path> planner;
};

// `model`: a folder (a checkpoint, or a collection with one and its companions), the name of a
// checkpoint or bundle in `folders`, or empty for the best one there is. Companions are looked for
// beside the checkpoint first, then in `folders`; only those whose sizes fit are taken.
// `planner`: the name of a planner, "acestep-5Hz-lm-1.7B" or "1.7B"; empty: the best one that is
// there. Throws NotFound naming what is missing and where it was looked for.
SongModelFiles find_song_model(const std::string& model,
                               const std::string& planner,
                               std::span<const std::filesystem::path> folders);

// Whether `model` is the name of a checkpoint or bundle in `folders`. A path is none. Reads the
// disk.
bool has_song_model(const std::string& model, std::span<const std::filesystem::path> folders);

}  // namespace ams

// Whole songs with HTDemucs: a bag of networks, run over overlapping segments.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "nets/htdemucs.h"
#include "nets/stem_separator.h"

namespace ams {

// Confined to the worker thread.
class HtdemucsSeparator : public StemSeparator {
 public:
  // One network of a bag and its share of each stem; the shares of a stem are divided by their sum.
  struct Member {
    std::unique_ptr<Htdemucs> network;
    std::vector<float> shares;
  };
  // Throws CorruptFile if the members differ in stems, rate or segment, or a stem has no share.
  explicit HtdemucsSeparator(std::vector<Member> members);

  // Opens what lies at `path`:
  //   a `.th` package, or a `.safetensors` file with its keyword arguments in `<stem>.json` or
  //   kwargs.json beside it (without them: those of the published networks, as far as the tensors
  //   do not tell); the tensors of several networks may carry their signatures as prefixes;
  //   a folder with such files and a `.yaml` that lists the signatures of a bag.
  // Throws NotFound, CorruptFile, Unsupported, OutOfMemory.
  static std::unique_ptr<HtdemucsSeparator> load(const std::filesystem::path& path,
                                                 const Device& device);
  // Files of one network each, which make a bag in this order: as many as there are stems make one
  // stem each, as in htdemucs_ft; otherwise all make all stems. Throws as load().
  static std::unique_ptr<HtdemucsSeparator> load_bag(std::span<const std::filesystem::path> files,
                                                     const Device& device);

  int64_t sample_rate() const override { return config().samplerate; }
  const std::vector<std::string>& stems() const override { return config().sources; }
  FloatArray separate(const FloatArray& mix, const SeparateOptions& options) override;

  // apply_model with shifts = 0: as separate(), without normalising the song.
  FloatArray apply(const FloatArray& mix, const SeparateOptions& options);

  const HtdemucsConfig& config() const { return members_.front().network->config(); }
  Htdemucs& network(size_t index) { return *members_[index].network; }
  size_t size() const { return members_.size(); }

 private:
  struct Song;
  void add_segment(Song& song, size_t member, int64_t position);

  std::vector<Member> members_;
};

}  // namespace ams

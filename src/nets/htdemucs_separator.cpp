#include "nets/htdemucs_separator.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// Triangle over a segment: 1 in the middle, towards 0 at both ends.
std::vector<float> segment_weights(int64_t samples) {
  std::vector<float> weights;
  const int64_t rise = samples / 2;
  const auto peak = static_cast<float>(std::max(rise, samples - rise));
  for (int64_t i = 0; i < samples; ++i) {
    weights.push_back(static_cast<float>(i < rise ? i + 1 : samples - i) / peak);
  }
  return weights;
}

void check_mix(const FloatArray& mix, const SeparateOptions& options) {
  if (mix.shape.size() != 2 || mix.dim(0) != 2 || mix.dim(1) < 1) {
    throw Error(ErrorCode::InvalidRequest,
                str("stems: mix ", shape_str(mix.shape), ", expected [2, samples]"));
  }
  if (!(options.overlap >= 0.0 && options.overlap <= 0.9)) {
    throw Error(ErrorCode::InvalidRequest,
                str("stems: overlap is ", options.overlap, ", expected 0 to 0.9"));
  }
  const auto bad = std::find_if_not(
      mix.data.begin(), mix.data.end(), [](float value) { return std::isfinite(value); });
  if (bad != mix.data.end()) {
    throw Error(ErrorCode::InvalidRequest,
                str("stems: sample ",
                    (bad - mix.data.begin()) % mix.dim(1),
                    " of the mix is not a finite number"));
  }
}

}  // namespace

struct HtdemucsSeparator::Song {
  const FloatArray& mix;
  std::vector<float> weights;  // of a segment
  FloatArray sum;              // [stems, 2, N], weighted
  std::vector<float> weight_sum;
};

HtdemucsSeparator::HtdemucsSeparator(std::vector<Member> members) : members_(std::move(members)) {
  if (members_.empty()) throw Error(ErrorCode::CorruptFile, "stems: the bag has no network");
  std::vector<float> totals(config().sources.size(), 0.0f);
  for (const Member& member : members_) {
    const HtdemucsConfig& other = member.network->config();
    if (other.sources != config().sources || other.samplerate != config().samplerate ||
        other.segment_samples != config().segment_samples ||
        member.shares.size() != totals.size()) {
      throw Error(ErrorCode::CorruptFile,
                  "stems: the networks of the bag differ in stems, sample rate or segment");
    }
    for (size_t i = 0; i < totals.size(); ++i) totals[i] += member.shares[i];
  }
  for (size_t i = 0; i < totals.size(); ++i) {
    if (!(totals[i] > 0.0f)) {
      throw Error(ErrorCode::CorruptFile,
                  str("stems: no network of the bag makes '", config().sources[i], "'"));
    }
    for (Member& member : members_) member.shares[i] /= totals[i];
  }
}

void HtdemucsSeparator::add_segment(Song& song, size_t member, int64_t position) {
  const int64_t length = config().segment_samples;
  const int64_t samples = song.mix.dim(1);
  const int64_t kept = std::min(length, samples - position);
  const int64_t before = (length - kept) / 2;
  // A short last segment is centred and filled up with what the song has around it.
  FloatArray segment({2, length});
  const int64_t start = position - before;
  const int64_t first = std::max<int64_t>(0, start);
  const int64_t last = std::min(samples, start + length);
  for (int64_t c = 0; c < 2; ++c) {
    std::copy(song.mix.row(c).begin() + first,
              song.mix.row(c).begin() + last,
              segment.row(c).begin() + (first - start));
  }
  const FloatArray stems = members_[member].network->separate_segment(segment);
  for (int64_t stem = 0; stem < config().stems(); ++stem) {
    const float share = members_[member].shares[static_cast<size_t>(stem)];
    if (share == 0.0f) continue;
    for (int64_t c = 0; c < 2; ++c) {
      const float* from = stems.row(stem).data() + c * length + before;
      float* to = song.sum.row(stem).data() + c * samples + position;
      for (int64_t i = 0; i < kept; ++i) {
        to[i] += share * song.weights[static_cast<size_t>(i)] * from[i];
      }
    }
  }
  if (member > 0) return;
  for (int64_t i = 0; i < kept; ++i) {
    song.weight_sum[static_cast<size_t>(position + i)] += song.weights[static_cast<size_t>(i)];
  }
}

FloatArray HtdemucsSeparator::apply(const FloatArray& mix, const SeparateOptions& options) {
  check_mix(mix, options);
  const int64_t samples = mix.dim(1);
  const int64_t length = config().segment_samples;
  const auto hop = std::max<int64_t>(
      1, static_cast<int64_t>((1.0 - options.overlap) * static_cast<double>(length)));
  const int64_t segments = (samples + hop - 1) / hop;
  const int64_t total = segments * static_cast<int64_t>(members_.size());
  Song song{mix,
            segment_weights(length),
            FloatArray({config().stems(), 2, samples}),
            std::vector<float>(static_cast<size_t>(samples), 0.0f)};
  int64_t done = 0;
  for (size_t member = 0; member < members_.size(); ++member) {
    for (int64_t segment = 0; segment < segments; ++segment) {
      if (options.stop.stop_requested()) {
        throw Error(ErrorCode::Cancelled,
                    str("stems: cancelled after ", done, " of ", total, " segments"));
      }
      add_segment(song, member, segment * hop);
      ++done;
      if (options.progress) options.progress(done, total);
    }
    members_[member].network->release_graph();  // a bag's networks do not add up in memory
  }
  for (int64_t row = 0; row < 2 * config().stems(); ++row) {
    float* values = song.sum.data.data() + row * samples;
    for (int64_t i = 0; i < samples; ++i) values[i] /= song.weight_sum[static_cast<size_t>(i)];
  }
  return std::move(song.sum);
}

FloatArray HtdemucsSeparator::separate(const FloatArray& mix, const SeparateOptions& options) {
  check_mix(mix, options);
  const int64_t samples = mix.dim(1);
  std::vector<double> mono(static_cast<size_t>(samples));
  double sum = 0.0;
  for (int64_t i = 0; i < samples; ++i) {
    const auto index = static_cast<size_t>(i);
    mono[index] = 0.5 * (static_cast<double>(mix.row(0)[index]) + mix.row(1)[index]);
    sum += mono[index];
  }
  const double mean = sum / static_cast<double>(samples);
  double squares = 0.0;
  for (const double value : mono) squares += (value - mean) * (value - mean);
  const double variance = samples > 1 ? squares / static_cast<double>(samples - 1) : 0.0;
  constexpr double kEps = 1e-8;  // silence stays finite
  const auto deviation = static_cast<float>(std::sqrt(variance) + kEps);
  const auto offset = static_cast<float>(mean);
  FloatArray normalized = mix;
  for (float& value : normalized.data) value = (value - offset) / deviation;
  FloatArray stems = apply(normalized, options);
  for (float& value : stems.data) value = value * deviation + offset;
  return stems;
}

}  // namespace ams

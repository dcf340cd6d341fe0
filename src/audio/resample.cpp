#include "audio/resample.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "audio/ffmpeg.h"
#include "base/error.h"
#include "base/str.h"

extern "C" {
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

namespace ams {
namespace {

// A Kaiser window of beta 10 (stop band -100 dB) over 256 samples of the lower rate has a
// transition of 0.05 of Nyquist; centred at 0.97 it ends just above Nyquist.
constexpr int64_t kFilterTaps = 256;
constexpr double kCutoff = 0.97;
constexpr double kKaiserBeta = 10.0;
constexpr int64_t kMaxRate = 768000;
constexpr int64_t kBlockSamples = 1 << 16;

struct SwrDeleter {
  void operator()(SwrContext* context) const { swr_free(&context); }
};

void require_rate(int64_t rate) {
  if (rate >= 1 && rate <= kMaxRate) return;
  throw Error(ErrorCode::InvalidRequest,
              str("audio: sample rate ", rate, " Hz, expected 1 to ", kMaxRate, " Hz"));
}

}  // namespace

// libswresample mirrors the signal at its ends; feeding silence around it instead makes the result
// independent of that, with a lead of whole input periods so that no fraction of a sample is lost.
class Resampler::Converter {
 public:
  Converter(int64_t from_rate, int64_t to_rate, int64_t channels)
      : from_rate_(from_rate), to_rate_(to_rate), channels_(channels) {
    require_rate(from_rate);
    require_rate(to_rate);
    if (channels < 1 || channels > 64) {
      throw Error(ErrorCode::InvalidRequest, str("audio: cannot resample ", channels, " channels"));
    }
    if (from_rate == to_rate) return;
    open();
    const int64_t divisor = std::gcd(from_rate, to_rate);
    const int64_t period = from_rate / divisor;
    const int64_t reach = kFilterTaps * std::max<int64_t>(1, from_rate / to_rate + 1);
    lead_ = (reach / period + 1) * period;
    skip_ = lead_ / period * (to_rate / divisor);
    feed_silence(lead_);
  }

  FloatArray push(const FloatArray& tile) {
    if (tile.shape.size() != 2 || tile.shape[0] != channels_) {
      throw Error(ErrorCode::InvalidRequest,
                  str("audio: tile to resample has shape ",
                      shape_str(tile.shape),
                      ", expected [",
                      channels_,
                      ", samples]"));
    }
    taken_ += tile.shape[1];
    if (!swr_) return tile;
    std::vector<const uint8_t*> planes(static_cast<size_t>(channels_));
    for (int64_t start = 0; start < tile.shape[1]; start += kBlockSamples) {
      const int64_t count = std::min(kBlockSamples, tile.shape[1] - start);
      for (int64_t c = 0; c < channels_; ++c) {
        planes[static_cast<size_t>(c)] =
            reinterpret_cast<const uint8_t*>(tile.row(c).data() + start);
      }
      convert(planes.data(), count);
    }
    return drain(wanted_length(taken_) - given_);
  }

  FloatArray finish() {
    if (!swr_) return FloatArray({channels_, 0});
    const int64_t missing = wanted_length(taken_) - given_;
    while (available() < missing) feed_silence(lead_);
    return drain(missing);
  }

 private:
  void open() {
    AVChannelLayout layout{};
    layout.order = AV_CHANNEL_ORDER_UNSPEC;
    layout.nb_channels = static_cast<int>(channels_);
    SwrContext* context = nullptr;
    int result = swr_alloc_set_opts2(&context,
                                     &layout,
                                     AV_SAMPLE_FMT_FLTP,
                                     static_cast<int>(to_rate_),
                                     &layout,
                                     AV_SAMPLE_FMT_FLTP,
                                     static_cast<int>(from_rate_),
                                     0,
                                     nullptr);
    swr_.reset(context);
    if (result >= 0) {
      av_opt_set_int(context, "filter_size", kFilterTaps, 0);
      av_opt_set_double(context, "cutoff", kCutoff, 0);
      av_opt_set_int(context, "filter_type", SWR_FILTER_TYPE_KAISER, 0);
      av_opt_set_double(context, "kaiser_beta", kKaiserBeta, 0);
      av_opt_set_int(context, "phase_shift", 10, 0);
      // Ratios with at most 1024 phases have a filter for each; others interpolate between two.
      const bool is_exact = to_rate_ / std::gcd(from_rate_, to_rate_) <= 1024;
      av_opt_set_int(context, "linear_interp", is_exact ? 0 : 1, 0);
      av_opt_set_int(context, "exact_rational", 1, 0);
      result = swr_init(context);
    }
    if (result < 0) {
      throw Error(ErrorCode::OutOfMemory,
                  str("audio: no resampler from ",
                      from_rate_,
                      " to ",
                      to_rate_,
                      " Hz for ",
                      channels_,
                      " channels (",
                      av_message(result),
                      ")"));
    }
    ready_.resize(static_cast<size_t>(channels_));
  }

  int64_t wanted_length(int64_t input) const {
    return (input * to_rate_ + from_rate_ - 1) / from_rate_;
  }

  int64_t available() const { return static_cast<int64_t>(ready_.front().size()); }

  void feed_silence(int64_t count) {
    const std::vector<float> zeros(static_cast<size_t>(count), 0.0f);
    const std::vector<const uint8_t*> planes(static_cast<size_t>(channels_),
                                             reinterpret_cast<const uint8_t*>(zeros.data()));
    std::vector<const uint8_t*> mutable_planes = planes;
    convert(mutable_planes.data(), count);
  }

  void convert(const uint8_t** input, int64_t count) {
    const int64_t room = std::max(0, swr_get_out_samples(swr_.get(), static_cast<int>(count)));
    const size_t start = ready_.front().size();
    std::vector<uint8_t*> targets(ready_.size());
    for (size_t c = 0; c < ready_.size(); ++c) {
      ready_[c].resize(start + static_cast<size_t>(room));
      targets[c] = reinterpret_cast<uint8_t*>(ready_[c].data() + start);
    }
    const int made = swr_convert(
        swr_.get(), targets.data(), static_cast<int>(room), input, static_cast<int>(count));
    if (made < 0) {
      throw Error(ErrorCode::OutOfMemory, str("audio: cannot resample (", av_message(made), ")"));
    }
    const int64_t dropped = std::min<int64_t>(skip_, static_cast<int64_t>(start) + made);
    skip_ -= dropped;
    for (std::vector<float>& samples : ready_) {
      samples.resize(start + static_cast<size_t>(made));
      samples.erase(samples.begin(), samples.begin() + dropped);
    }
  }

  FloatArray drain(int64_t most) {
    const int64_t count = std::clamp<int64_t>(most, 0, available());
    FloatArray tile({channels_, count});
    for (int64_t c = 0; c < channels_; ++c) {
      std::vector<float>& samples = ready_[static_cast<size_t>(c)];
      std::copy_n(samples.begin(), count, tile.row(c).begin());
      samples.erase(samples.begin(), samples.begin() + count);
    }
    given_ += count;
    return tile;
  }

  const int64_t from_rate_;
  const int64_t to_rate_;
  const int64_t channels_;
  std::unique_ptr<SwrContext, SwrDeleter> swr_;
  std::vector<std::vector<float>> ready_;  // converted, not yet returned
  int64_t lead_ = 0;                       // input samples of silence before the signal
  int64_t skip_ = 0;                       // output samples of that silence still to drop
  int64_t taken_ = 0;
  int64_t given_ = 0;
};

Resampler::Resampler(int64_t from_rate, int64_t to_rate, int64_t channels)
    : converter_(std::make_unique<Converter>(from_rate, to_rate, channels)) {}

Resampler::~Resampler() = default;

FloatArray Resampler::push(const FloatArray& tile) { return converter_->push(tile); }

FloatArray Resampler::finish() { return converter_->finish(); }

AudioBuffer resample(const AudioBuffer& audio, int64_t rate) {
  require_well_formed(audio, "audio to resample");
  if (audio.sample_rate == rate) return audio;
  Resampler resampler(audio.sample_rate, rate, audio.channels());
  const FloatArray body = resampler.push(audio.samples);
  const FloatArray rest = resampler.finish();
  AudioBuffer result = silent_audio(rate, audio.channels(), body.dim(1) + rest.dim(1));
  for (int64_t c = 0; c < audio.channels(); ++c) {
    const auto target = result.channel(c);
    const auto head = body.row(c);
    const auto tail = rest.row(c);
    std::copy(head.begin(), head.end(), target.begin());
    std::copy(tail.begin(), tail.end(), target.begin() + static_cast<std::ptrdiff_t>(head.size()));
  }
  return result;
}

AudioBuffer to_studio_format(const AudioBuffer& audio) {
  AudioBuffer studio = resample(to_stereo(audio), kStudioSampleRate);
  clamp_to_full_scale(studio);
  return studio;
}

}  // namespace ams

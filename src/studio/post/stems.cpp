#include "studio/post/stems.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string_view>
#include <utility>

#include "audio/encode.h"
#include "audio/level.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/str.h"
#include "studio/post/post_source.h"
#include "studio/post/stem_archive.h"
#include "studio/post/stem_files.h"

namespace ams {
namespace {

constexpr double kOverlap = 0.25;  // share of a segment that neighbours have in common

// The order to show; stems that are not listed follow in the model's order.
constexpr std::array<std::string_view, 4> kShownOrder{"vocals", "drums", "bass", "other"};

size_t shown_rank(const std::string& name) {
  return static_cast<size_t>(std::find(kShownOrder.begin(), kShownOrder.end(), name) -
                             kShownOrder.begin());
}

std::vector<Stem> unpack(const FloatArray& separated,
                         const std::vector<std::string>& names,
                         int64_t sample_rate) {
  const int64_t samples = separated.dim(2);
  std::vector<Stem> stems;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto values = separated.row(static_cast<int64_t>(i));
    Stem stem{names[i], {sample_rate, FloatArray({2, samples}, {values.begin(), values.end()})}};
    stems.push_back(std::move(stem));
  }
  std::stable_sort(stems.begin(), stems.end(), [](const Stem& a, const Stem& b) {
    return shown_rank(a.name) < shown_rank(b.name);
  });
  return stems;
}

// Level of what the stems lack of the mix, against the mix.
std::optional<double> residual_db(const AudioBuffer& mix, const std::vector<Stem>& stems) {
  double signal = 0.0;
  double rest = 0.0;
  for (size_t i = 0; i < mix.samples.data.size(); ++i) {
    double sum = 0.0;
    for (const Stem& stem : stems) sum += static_cast<double>(stem.audio.samples.data[i]);
    const auto sample = static_cast<double>(mix.samples.data[i]);
    signal += sample * sample;
    rest += (sum - sample) * (sum - sample);
  }
  if (signal <= 0.0) return std::nullopt;
  return 10.0 * std::log10(std::max(rest / signal, 1e-20));
}

}  // namespace

std::unique_ptr<StemSplitter> StemSplitter::open(const StemOptions& options,
                                                 const JobContext& job) {
  report_stage(job, "loading", 0.0);
  const StemModelFiles files = find_stem_model(options.model, options.model_folders);
  auto device = Device::open({options.device, static_cast<int>(options.threads.value_or(0))});
  auto separator = load_stem_separator(files, *device);
  report_stage(job, "loading", 1.0);
  auto splitter = std::make_unique<StemSplitter>(files.name, std::move(separator));
  splitter->device_ = std::move(device);
  return splitter;
}

StemSplitter::StemSplitter(std::string model, std::unique_ptr<StemSeparator> separator)
    : model_(std::move(model)), separator_(std::move(separator)) {}

AudioBuffer StemSplitter::prepare(const AudioBuffer& song) const {
  return resample(to_stereo(song), separator_->sample_rate());
}

std::vector<Stem> StemSplitter::split(const AudioBuffer& song, const JobContext& job) {
  if (song.sample_rate != separator_->sample_rate()) {
    throw Error(ErrorCode::InvalidRequest,
                str("stems: the song has ",
                    song.sample_rate,
                    " Hz, expected ",
                    separator_->sample_rate(),
                    "; call prepare() first"));
  }
  SeparateOptions options;
  options.overlap = kOverlap;
  options.stop = job.stop;
  options.progress = [&job](int64_t done, int64_t total) {
    Progress progress;
    progress.stage = "stems";
    progress.step = done;
    progress.total = total;
    progress.fraction = static_cast<double>(done) / static_cast<double>(total);
    job.progress(progress);
  };
  report_stage(job, "stems", 0.0);
  const FloatArray separated = separator_->separate(song.samples, options);
  return unpack(separated, separator_->stems(), song.sample_rate);
}

StemFiles StemSplitter::split_file(const StemFileRequest& request, const JobContext& job) {
  const StemPaths paths = stem_paths(request);
  const AudioBuffer mix = prepare(read_post_source(request.source, job).audio);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Stem> stems = split(mix, job);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  throw_if_stopped(job, "stems");

  StemFiles result;
  result.model = model_;
  result.duration_seconds = mix.seconds();
  result.residual_db = residual_db(mix, stems);
  result.separate_seconds = elapsed.count();
  report_stage(job, "writing", 0.0);
  result.stems = write_stems(stems, paths);
  if (request.zip) {
    std::vector<std::filesystem::path> files;
    for (const StemFile& file : result.stems) files.push_back(file.path);
    write_stored_zip(paths.zip(), files);
    result.zip = paths.zip();
  }
  report_stage(job, "writing", 1.0);
  return result;
}

StemFiles separate_stems(const StemFileRequest& request,
                         const StemOptions& options,
                         const JobContext& job) {
  stem_paths(request);  // a folder that is not there is told before the model is loaded
  return StemSplitter::open(options, job)->split_file(request, job);
}

}  // namespace ams

// What StemSplitter makes of songs of any form: with a separator whose answer is known, and with
// the small network of the formula.
#include "studio/post/stems.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/decode.h"
#include "audio/encode.h"
#include "audio/level.h"
#include "base/mapped_file.h"
#include "support/expect_error.h"
#include "support/program_run.h"
#include "support/temporary_folder.h"
#include "support/test_song.h"
#include "tensor/zip_reader.h"
#include "unit/nets/formula_weights.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

constexpr const char* kTinyKwargs =
    R"({"kwargs":{"sources":["drums","bass","other","vocals"],"segment":1,"channels":8,)"
    R"("dconv_comp":4,"dconv_mode":3,"bottom_channels":32}})";

// Shares of the mix that add up to it, "vocals" being the largest.
class KnownSeparator : public StemSeparator {
 public:
  int64_t sample_rate() const override { return 44100; }
  const std::vector<std::string>& stems() const override { return stems_; }
  FloatArray separate(const FloatArray& mix, const SeparateOptions& options) override {
    overlap = options.overlap;
    FloatArray out({4, 2, mix.dim(1)});
    for (size_t stem = 0; stem < 4; ++stem) {
      if (options.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "stems: cancelled");
      const auto row = out.row(static_cast<int64_t>(stem));
      for (size_t i = 0; i < row.size(); ++i) row[i] = shares_[stem] * mix.data[i];
      if (options.progress) options.progress(static_cast<int64_t>(stem) + 1, 4);
    }
    return out;
  }

  double overlap = 0;

 private:
  std::vector<std::string> stems_{"drums", "bass", "other", "vocals"};
  std::vector<float> shares_{0.25f, 0.125f, 0.125f, 0.5f};
};

class Stems : public testing::Test {
 protected:
  fs::path write(const AudioBuffer& audio, const char* name = "song.wav") const {
    EncodeOptions options;
    options.format = AudioFormat::Wav32Float;
    write_audio_file(folder_.path() / name, audio, options);
    return folder_.path() / name;
  }
  fs::path tiny_network() const {
    folder_.write("tiny.json", kTinyKwargs);
    return folder_.write("tiny.safetensors", FormulaWeights(tiny_htdemucs()).safetensors());
  }
  StemFiles split(const StemFileRequest& request) {
    StemSplitter splitter("known", std::make_unique<KnownSeparator>());
    return splitter.split_file(request, {});
  }
  static AudioBuffer read(const fs::path& path) { return decode_audio_file(path, {}).audio; }

  const TemporaryFolder folder_;
};

TEST_F(Stems, files_are_16_bit_44100_hz_stereo_in_the_order_to_show) {
  const StemFiles files = split({.source = write(make_test_song())});
  std::vector<std::string> names;
  for (const StemFile& file : files.stems) {
    names.push_back(file.stem);
    const DecodedAudio stem = decode_audio_file(file.path, {});
    EXPECT_EQ(stem.source.codec, "pcm_s16le");
    EXPECT_EQ(stem.source.sample_rate, 44100);
    EXPECT_EQ(stem.source.channels, 2);
    EXPECT_NEAR(stem.source.seconds, 2.0, 0.001);
  }
  EXPECT_THAT(names, ElementsAre("vocals", "drums", "bass", "other"));
  EXPECT_EQ(files.stems[0].path.filename(), "song.vocals.wav");
}

TEST_F(Stems, sum_of_known_parts_is_the_mix) {
  const AudioBuffer mix = make_test_song({.sample_rate = 44100});
  const StemFiles files = split({.source = write(mix), .zip = false});
  ASSERT_TRUE(files.residual_db);
  EXPECT_LT(*files.residual_db, -100.0);
  // And on disk, within the steps of 16 bits.
  AudioBuffer sum = silent_audio(44100, 2, mix.length());
  for (const StemFile& file : files.stems) {
    const AudioBuffer stem = read(file.path);
    for (size_t i = 0; i < sum.samples.data.size(); ++i) {
      sum.samples.data[i] += stem.samples.data[i];
    }
  }
  for (size_t i = 0; i < sum.samples.data.size(); ++i) {
    ASSERT_NEAR(sum.samples.data[i], mix.samples.data[i], 4.0 / 65536.0);
  }
}

TEST_F(Stems, neighbouring_segments_overlap_by_a_quarter) {
  auto owned = std::make_unique<KnownSeparator>();
  const KnownSeparator& separator = *owned;
  StemSplitter splitter("known", std::move(owned));
  splitter.split(splitter.prepare(make_test_song()), {});
  EXPECT_EQ(separator.overlap, 0.25);
}

TEST_F(Stems, zip_stores_the_same_files) {
  const StemFiles files = split({.source = write(make_test_song())});
  ASSERT_TRUE(files.zip);
  const MappedFile archive(*files.zip);
  const ZipReader zip(archive.bytes(), "stems");  // refuses entries that are compressed
  ASSERT_EQ(zip.entries().size(), 4u);
  for (const StemFile& file : files.stems) {
    const std::vector<std::byte> bytes = zip.read(file.path.filename().string());
    const std::string stored(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EXPECT_EQ(stored, file_text(file.path)) << file.stem;
  }
}

TEST_F(Stems, same_song_gives_the_same_bytes) {
  const fs::path song = write(make_test_song());
  split({.source = song, .name = "a"});
  split({.source = song, .name = "a2"});
  EXPECT_EQ(file_text(folder_.path() / "a.vocals.wav").size(),
            file_text(folder_.path() / "a2.vocals.wav").size());
  const std::string first = file_text(folder_.path() / "a.stems.zip");
  split({.source = song, .name = "a"});
  EXPECT_EQ(first, file_text(folder_.path() / "a.stems.zip"));
}

TEST_F(Stems, every_rate_and_channel_count_is_taken) {
  for (const int64_t rate : {8000, 44100, 192000}) {
    for (const int64_t channels : {1, 2, 6}) {
      const AudioBuffer song =
          make_test_song({.seconds = 0.5, .sample_rate = rate, .channels = channels});
      const StemFiles files = split({.source = write(song), .zip = false});
      const AudioBuffer stem = read(files.stems[0].path);
      EXPECT_NEAR(stem.seconds(), 0.5, 0.001) << rate << " Hz, " << channels;
      EXPECT_EQ(stem.channels(), 2);
    }
  }
}

TEST_F(Stems, one_sample_and_silence_are_split) {
  const StemFiles one =
      split({.source = write(silent_audio(44100, 2, 1), "one.wav"), .zip = false});
  EXPECT_EQ(read(one.stems[0].path).length(), 1);
  EXPECT_FALSE(one.stems[0].peak_dbfs);
  EXPECT_FALSE(one.residual_db);
}

TEST_F(Stems, cancel_leaves_the_source_alone) {
  const StemFileRequest request{.source = write(make_test_song())};
  std::stop_source stop;
  JobContext job;
  job.stop = stop.get_token();
  job.progress = [&](const Progress& progress) {
    if (progress.stage == "stems" && progress.step == 2) stop.request_stop();
  };
  StemSplitter splitter("known", std::make_unique<KnownSeparator>());
  expect_error(ErrorCode::Cancelled, "cancelled", [&] { splitter.split_file(request, job); });
  EXPECT_THAT(file_names(folder_.path()), ElementsAre("song.wav"));
}

TEST_F(Stems, progress_counts_segments) {
  std::vector<int64_t> steps;
  JobContext job;
  job.progress = [&](const Progress& progress) {
    if (progress.stage == "stems" && progress.total > 0) steps.push_back(progress.step);
  };
  StemSplitter splitter("known", std::make_unique<KnownSeparator>());
  splitter.split_file({.source = write(make_test_song())}, job);
  EXPECT_THAT(steps, ElementsAre(1, 2, 3, 4));
}

TEST_F(Stems, missing_folder_is_told_before_the_model_is_opened) {
  const fs::path song = write(make_test_song());
  StemFileRequest request{.source = song, .folder = folder_.path() / "none"};
  expect_error(ErrorCode::NotFound, "none", [&] {
    separate_stems(request, {.model = "no such model"}, {});
  });
  request = {.source = song, .name = "../song"};
  expect_error(ErrorCode::InvalidRequest, "'../song'", [&] {
    separate_stems(request, {.model = "no such model"}, {});
  });
}

// The network of the formula is random: its stems do not add up to the mix, but their lengths,
// their order and their repetition are those of any network.
TEST_F(Stems, network_from_safetensors_splits_a_file) {
  const StemOptions options{.model = tiny_network().string(), .device = "cpu", .threads = 1};
  const fs::path song = write(make_test_song({.seconds = 2.3, .sample_rate = 48000}));
  const StemFiles files = separate_stems({.source = song}, options, {});
  EXPECT_EQ(files.model, "tiny");
  EXPECT_TRUE(files.residual_db);
  for (const StemFile& file : files.stems) EXPECT_NEAR(read(file.path).seconds(), 2.3, 0.001);
  const std::string first = file_text(files.stems[0].path);
  separate_stems({.source = song}, options, {});
  EXPECT_EQ(first, file_text(files.stems[0].path));
}

TEST_F(Stems, package_of_the_golden_network_splits_a_file) {
  const fs::path package =
      fs::path(AMS_TEST_GOLDEN_DIR) / "checkpoints/htdemucs/tinyht00-c6ae7f78.th";
  if (!fs::exists(package)) GTEST_SKIP() << "no golden data";
  const StemOptions options{.model = package.string(), .device = "cpu", .threads = 1};
  const StemFiles files = separate_stems({.source = write(make_test_song())}, options, {});
  EXPECT_EQ(files.stems.size(), 4u);
}

TEST_F(Stems, hostile_checkpoints_are_refused) {
  const fs::path song = write(make_test_song());
  const auto open = [&](const fs::path& model) {
    separate_stems({.source = song}, {.model = model.string(), .device = "cpu"}, {});
  };
  const std::string whole = file_text(tiny_network());
  const std::string half = whole.substr(0, whole.size() / 2);
  EXPECT_THROW(open(folder_.write("cut.safetensors", half)), Error);
  expect_error(ErrorCode::Unsupported, "no zip archive", [&] {
    open(folder_.write("text.th", "not a zip archive"));
  });
  expect_error(ErrorCode::CorruptFile, "its name says 8726e21a", [&] {
    open(folder_.write("955717e8-8726e21a.th", "not the published file"));
  });
}

}  // namespace
}  // namespace ams

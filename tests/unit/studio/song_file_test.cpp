#include "studio/song_file.h"

#include <cmath>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sha256.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

class SongFileTest : public testing::Test {
 protected:
  SongFileTest() { fs::create_directories(folder_); }
  ~SongFileTest() override { fs::remove_all(folder_); }

  static AudioBuffer tone(int64_t length) {
    AudioBuffer audio{48000, FloatArray({2, length})};
    for (size_t i = 0; i < audio.samples.data.size(); ++i) {
      audio.samples.data[i] = 0.5f * std::sin(0.1f * static_cast<float>(i));
    }
    return audio;
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("ams_song_file_" + std::to_string(getpid()));
};

TEST_F(SongFileTest, states_what_was_written) {
  const SongFile file = write_song_file(folder_ / "a.wav", tone(96000));
  EXPECT_EQ(file.sample_rate, 48000);
  EXPECT_EQ(file.channels, 2);
  EXPECT_EQ(file.bits, 16);
  EXPECT_DOUBLE_EQ(file.duration_seconds, 2.0);
  ASSERT_TRUE(file.peak_dbfs);
  EXPECT_NEAR(*file.peak_dbfs, -6.02, 0.01);
  EXPECT_TRUE(file.integrated_lufs);
  EXPECT_EQ(file.sha256, sha256_of_file(folder_ / "a.wav"));
  EXPECT_GE(fs::file_size(folder_ / "a.wav"), 96000u * 4 + 44);
}

TEST_F(SongFileTest, same_samples_make_the_same_bytes) {
  const std::string first = write_song_file(folder_ / "a.wav", tone(48000)).sha256;
  EXPECT_EQ(write_song_file(folder_ / "b.wav", tone(48000)).sha256, first);
}

TEST_F(SongFileTest, broken_samples_leave_no_file) {
  AudioBuffer audio = tone(48000);
  audio.samples.data[100] = std::nanf("");
  EXPECT_THROW(write_song_file(folder_ / "a.wav", audio), Error);
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace ams

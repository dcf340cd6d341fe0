// stems, normalise, export, info and lora as a black box; files are read back by ffprobe and sox.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/encode.h"
#include "audio/loudness.h"
#include "base/json.h"
#include "support/program_run.h"
#include "support/test_song.h"
#include "unit/nets/formula_weights.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kTinyKwargs =
    R"({"kwargs":{"sources":["drums","bass","other","vocals"],"segment":1,"channels":8,)"
    R"("dconv_comp":4,"dconv_mode":3,"bottom_channels":32}})";
const std::string kAdapters =
    std::string(AMS_TEST_SOURCE_DIR) + "/tests/golden/data/checkpoints/adapters/";

class PostCommands : public testing::Test {
 protected:
  ProgramResult ams(const std::vector<std::string>& words) const { return program_.run(words); }

  // Expects success and returns standard output.
  std::string done(const std::vector<std::string>& words) const {
    const ProgramResult result = ams(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  void write(const char* name,
             const AudioBuffer& audio,
             AudioFormat format = AudioFormat::Wav16) const {
    EncodeOptions options;
    options.format = format;
    write_audio_file(work_ / name, audio, options);
  }

  // A song of this program, with all its tags.
  void generate(const char* name) const {
    done({"generate",
          "warm piano",
          "--duration",
          "6",
          "--bpm",
          "82",
          "--keyscale",
          "A minor",
          "--vocal-language",
          "ja",
          "--lyrics",
          "[Verse] la",
          "-o",
          name});
  }

  // What ffprobe says of a file, as an object.
  Json probed(const std::string& name) const {
    const ProgramRunner ffprobe("ffprobe", work_);
    const ProgramResult result =
        ffprobe.run({"-v", "error", "-of", "json", "-show_format", "-show_streams", name});
    if (result.exit_code != 0) ADD_FAILURE() << "ffprobe of " << name << ": " << result.err;
    return Json::parse(result.out.empty() ? "{}" : result.out, "ffprobe");
  }

  // One word of `soxi -FLAG file`.
  std::string soxi(const std::string& flag, const std::string& name) const {
    std::string text = ProgramRunner("soxi", work_).run({flag, name}).out;
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  std::vector<std::string> files() const { return file_names(work_); }

  const TemporaryFolder home_;
  const fs::path work_ = home_.path();
  const ProgramRunner program_{AMS_TEST_PROGRAM, work_};
};

double number(const Json& value) { return std::stod(value.as_string()); }

Json stream_of(const Json& probed) { return probed.at("streams").at(int64_t{0}); }

TEST_F(PostCommands, independent_decoders_are_installed) {
  const ProgramRunner shell("sh", work_);
  EXPECT_EQ(shell.run({"-c", "command -v ffprobe && command -v soxi"}).exit_code, 0)
      << "install the packages ffmpeg and sox";
}

TEST_F(PostCommands, mp3_is_320k_cbr_with_tags_to_ffprobe) {
  generate("song.wav");
  done({"export", "song.wav", "-o", "song.mp3"});
  const Json probe = probed("song.mp3");
  const Json stream = stream_of(probe);
  EXPECT_EQ(stream.at("codec_name").as_string(), "mp3");
  EXPECT_EQ(stream.at("sample_rate").as_string(), "44100");
  EXPECT_EQ(stream.at("channels").as_int(), 2);
  EXPECT_EQ(stream.at("bit_rate").as_string(), "320000");
  EXPECT_NEAR(number(probe.at("format").at("duration")), 6.0, 0.05);
  EXPECT_EQ(soxi("-r", "song.mp3"), "44100");
  // Gapless: the decoder gives exactly the samples of the song, counted by sox over ffmpeg's WAV.
  ProgramRunner("ffmpeg", work_).run({"-v", "error", "-i", "song.mp3", "back.wav"});
  EXPECT_EQ(soxi("-s", "back.wav"), std::to_string(6 * 44100));
}

TEST_F(PostCommands, song_made_as_mp3_carries_all_its_tags) {
  generate("song.mp3");
  const Json tags = probed("song.mp3").at("format").at("tags");
  EXPECT_EQ(tags.at("title").as_string(), "Generate: warm piano");
  EXPECT_EQ(tags.at("artist").as_string(), "ACE Music Studio");
  EXPECT_THAT(tags.at("encoder").as_string(), HasSubstr("ACE Music Studio "));
  EXPECT_EQ(tags.at("language").as_string(), "ja");
  EXPECT_EQ(tags.at("TBPM").as_string(), "82");
  EXPECT_EQ(tags.at("TKEY").as_string(), "A minor");
  EXPECT_EQ(tags.at("AMS_SEED").as_string(), "7");
  EXPECT_EQ(tags.at("AMS_PROMPT").as_string(), "warm piano");
  const Json request = Json::parse(tags.at("AMS_REQUEST").as_string(), "tag");
  EXPECT_EQ(request.at("prompt").as_string(), "warm piano");
  EXPECT_EQ(request.at("seed").as_int(), 7);
}

TEST_F(PostCommands, flac_keeps_length_rate_and_tags) {
  generate("song.wav");
  done({"export", "song.wav", "-o", "song.flac", "--title", "My song"});
  const Json probe = probed("song.flac");
  EXPECT_EQ(stream_of(probe).at("codec_name").as_string(), "flac");
  EXPECT_EQ(probe.at("format").at("tags").at("title").as_string(), "My song");
  EXPECT_EQ(soxi("-s", "song.flac"), std::to_string(6 * 48000));
  EXPECT_EQ(soxi("-r", "song.flac"), "48000");
  EXPECT_EQ(done({"info", "song.flac", "--request"}), done({"info", "song.wav", "--request"}));
}

TEST_F(PostCommands, wav_depths_are_what_was_asked_for) {
  write("song.wav", make_test_song());
  const std::vector<std::pair<std::string, std::string>> formats{
      {"wav16", "pcm_s16le"}, {"wav24", "pcm_s24le"}, {"wav32f", "pcm_f32le"}};
  for (const auto& [format, codec] : formats) {
    done({"export", "song.wav", "-o", format + ".wav", "--format", format});
    EXPECT_EQ(stream_of(probed(format + ".wav")).at("codec_name").as_string(), codec);
    EXPECT_EQ(soxi("-s", format + ".wav"), "96000");
  }
}

TEST_F(PostCommands, opus_is_read_by_ffprobe) {
  generate("song.wav");
  done({"export", "song.wav", "-o", "song.opus"});
  const Json probe = probed("song.opus");
  EXPECT_EQ(stream_of(probe).at("codec_name").as_string(), "opus");
  EXPECT_NEAR(number(probe.at("format").at("duration")), 6.0, 0.05);
}

TEST_F(PostCommands, sample_and_bit_rate_are_obeyed) {
  write("song.wav", make_test_song());
  done({"export", "song.wav", "-o", "a.flac", "--sample-rate", "44100"});
  EXPECT_EQ(soxi("-r", "a.flac"), "44100");
  done({"export", "song.wav", "-o", "a.mp3", "--bit-rate", "128000"});
  EXPECT_EQ(stream_of(probed("a.mp3")).at("bit_rate").as_string(), "128000");
}

TEST_F(PostCommands, tags_survive_a_chain_of_formats) {
  generate("a.flac");
  done({"export", "a.flac", "-o", "b.mp3"});
  done({"normalise", "b.mp3", "-o", "c.flac"});
  EXPECT_EQ(done({"info", "a.flac", "--request"}), done({"info", "c.flac", "--request"}));
}

TEST_F(PostCommands, export_scales_what_exceeds_full_scale) {
  write("loud.wav", make_test_song({.amplitude = 1.5f}), AudioFormat::Wav32Float);
  const ProgramResult result = ams({"export", "loud.wav", "-o", "a.wav", "--quiet"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("exceeds full scale"));
  EXPECT_THAT(done({"info", "a.wav"}), HasSubstr("peak       -1.0 dBFS"));
}

TEST_F(PostCommands, normalise_reaches_its_target_and_reports_both_levels) {
  write("song.wav", make_test_song({.seconds = 4.0, .amplitude = 0.05f}));
  const std::string before = file_text(work_ / "song.wav");
  const std::string out = done({"normalise", "song.wav"});
  EXPECT_THAT(out, HasSubstr("song.lufs-14.wav: before "));
  EXPECT_THAT(out, HasSubstr("now -14.0 LUFS"));
  EXPECT_THAT(done({"info", "song.lufs-14.wav"}), HasSubstr("loudness   -14.0 LUFS"));
  EXPECT_EQ(before, file_text(work_ / "song.wav"));
  EXPECT_EQ(soxi("-r", "song.lufs-14.wav"), "48000");
}

TEST_F(PostCommands, normalise_keeps_the_true_peak_below_the_ceiling) {
  write("song.wav", make_test_song({.seconds = 4.0}));
  done({"normalise", "song.wav", "--target", "-9", "--ceiling", "-2", "-o", "a.wav"});
  const ProgramResult measured =
      ProgramRunner("ffmpeg", work_)
          .run({"-nostats", "-i", "a.wav", "-af", "ebur128=peak=true", "-f", "null", "-"});
  const size_t at = measured.err.rfind("Peak:");
  ASSERT_NE(at, std::string::npos) << measured.err;
  EXPECT_LE(std::stod(measured.err.substr(at + 5)), -1.9);
}

TEST_F(PostCommands, stems_are_files_and_a_zip) {
  write("song.wav", make_test_song({.seconds = 1.5}));
  home_.write("tiny.json", kTinyKwargs);
  home_.write("tiny.safetensors", FormulaWeights(tiny_htdemucs()).safetensors());
  const ProgramResult result =
      ams({"stems", "song.wav", "--model", "tiny.safetensors", "--device", "cpu"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("stems     [########################]"));
  for (const char* stem : {"vocals", "drums", "bass", "other"}) {
    const std::string name = std::string("song.") + stem + ".wav";
    EXPECT_EQ(soxi("-r", name), "44100");
    EXPECT_EQ(soxi("-b", name), "16");
    EXPECT_EQ(soxi("-s", name), std::to_string(44100 * 3 / 2));
  }
  EXPECT_TRUE(fs::exists(work_ / "song.stems.zip"));
  done({"stems", "song.wav", "--model", "tiny.safetensors", "--no-zip", "-o", ".", "-q"});
}

TEST_F(PostCommands, interrupt_leaves_no_stem) {
  write("song.wav", make_test_song({.seconds = 120}));
  home_.write("tiny.json", kTinyKwargs);
  home_.write("tiny.safetensors", FormulaWeights(tiny_htdemucs()).safetensors());
  const pid_t child = program_.start({"stems", "song.wav", "--model", "tiny.safetensors"});
  while (program_.err_so_far().find("stems ") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill(child, SIGINT);
  const ProgramResult result = program_.wait_for(child);
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(files(), ElementsAre("song.wav", "tiny.json", "tiny.safetensors"));
}

TEST_F(PostCommands, info_shows_metadata_files) {
  done({"generate", "x", "--duration", "6", "-o", "a.wav", "--json", "a.json"});
  const std::string out = done({"info", "a.json"});
  EXPECT_THAT(out, HasSubstr("a.json: JSON, ams.meta/1\n"));
  EXPECT_THAT(out, HasSubstr("prompt"));
  EXPECT_THAT(out, HasSubstr("output_sha256"));
}

TEST_F(PostCommands, info_lets_no_control_character_through) {
  EncodeOptions options;
  options.format = AudioFormat::Flac;
  options.tags.title = "a\x1b[31mb";
  write_audio_file(work_ / "a.flac", make_test_song(), options);
  const std::string out = done({"info", "a.flac"});
  EXPECT_THAT(out, HasSubstr("a [31mb"));
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
}

TEST_F(PostCommands, lora_shows_what_an_adapter_is) {
  setenv("AMS_MODEL_DIR", (kAdapters + "..").c_str(), 1);
  const std::string out = done({"lora", kAdapters + "lora_a"});
  unsetenv("AMS_MODEL_DIR");
  EXPECT_THAT(out, HasSubstr("lora_a: lora, rank "));
  EXPECT_THAT(out, HasSubstr("fits here  acestep-v15-xl-sft"));
}

TEST_F(PostCommands, lora_list_shows_the_presets) {
  const std::string out = done({"lora", "list"});
  EXPECT_THAT(out, HasSubstr("Chinese New Year (ACE-Step 1.5 2B, strength 0.85): not on this"));
  EXPECT_THAT(out, HasSubstr("Chinese Rap (ACE-Step v1.0, strength 0.85): fits no ACE-Step 1.5"));
}

TEST_F(PostCommands, lora_gives_the_reason_of_a_misfit) {
  EXPECT_EQ(ams({"lora", "none"}).exit_code, 3);
  const ProgramResult config = ams({"lora", kAdapters + "invalid_config"});
  EXPECT_EQ(config.exit_code, 4) << config.err;
  const ProgramResult modules = ams({"lora", kAdapters + "invalid_modules"});
  EXPECT_EQ(modules.exit_code, 5) << modules.err;
  home_.write("cut.safetensors", "abc");
  EXPECT_THAT(ams({"lora", "cut.safetensors"}).err, HasSubstr("cut off"));
  EXPECT_EQ(ams({"lora", "Chinese Rap"}).exit_code, 5);
}

}  // namespace
}  // namespace ams

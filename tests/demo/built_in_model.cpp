#include "demo/built_in_model.h"

#include <cstdlib>
#include <map>
#include <utility>

#include "audio/encode.h"
#include "studio/models/song_model_files.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

fs::path model_folder() {
  const char* named = std::getenv("AMS_DEMO_MODEL");
  return named != nullptr ? fs::path(named) : fs::path(AMS_TEST_SOURCE_DIR) / "models" / "demo";
}

std::map<size_t, AudioBuffer>& songs() {
  static std::map<size_t, AudioBuffer> made;
  return made;
}

}  // namespace

void BuiltInModel::SetUpTestSuite() {
  if (!fs::exists(model_folder())) return;
  EngineOptions options;
  options.model = model_folder().string();
  options.device = "cpu";
  engine_ = Engine::open(options);
  folder_ = std::make_unique<TemporaryFolder>();
}

void BuiltInModel::TearDownTestSuite() {
  engine_.reset();
  folder_.reset();
  songs().clear();
}

void BuiltInModel::SetUp() {
  if (!engine_) {
    GTEST_SKIP() << model_folder() << " is not there; training/make_demo.sh makes it";
  }
}

GenerateRequest BuiltInModel::ten_seconds(const HeldOutPrompt& prompt, int64_t seed) {
  auto request = quick<GenerateRequest>(prompt, seed);
  request.duration_seconds = 10;
  request.instrumental = true;
  return request;
}

SongResult BuiltInModel::make(SongRequest request) {
  validate(request);
  return engine_->generate(request, JobContext());
}

const AudioBuffer& BuiltInModel::song_of(size_t prompt) {
  const auto found = songs().find(prompt);
  if (found != songs().end()) return found->second;
  return songs().emplace(prompt, make(ten_seconds(kPrompts[prompt], 7)).audio).first->second;
}

std::string BuiltInModel::file_of(size_t prompt) {
  const fs::path path = folder() / (std::to_string(prompt) + ".wav");
  EncodeOptions exact;
  exact.format = AudioFormat::Wav32Float;
  if (!fs::exists(path)) write_audio_file(path, song_of(prompt), exact);
  return path.string();
}

fs::path BuiltInModel::song_config() {
  return find_song_model(model_folder().string(), "", {}).dit / "config.json";
}

}  // namespace ams

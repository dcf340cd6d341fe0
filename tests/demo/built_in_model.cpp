#include "demo/built_in_model.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include "audio/encode.h"
#include "studio/models/song_model_files.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

fs::path model_folder() {
  const char* named = std::getenv("AMS_DEMO_MODEL");
  return named != nullptr ? fs::path(named) : fs::path(AMS_TEST_SOURCE_DIR) / "models" / "demo";
}

// What the tests of a suite share.
struct Shared {
  std::unique_ptr<Engine> engine;
  TemporaryFolder folder;
  std::map<size_t, AudioBuffer> songs;
};

std::unique_ptr<Shared>& shared() {
  static std::unique_ptr<Shared> suite;
  return suite;
}

}  // namespace

void BuiltInModel::SetUpTestSuite() {
  if (!fs::exists(model_folder())) return;
  EngineOptions options;
  options.model = model_folder().string();
  options.device = "cpu";
  shared() = std::make_unique<Shared>();
  shared()->engine = Engine::open(options);
}

void BuiltInModel::TearDownTestSuite() { shared().reset(); }

void BuiltInModel::SetUp() {
  if (!shared()) {
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
  return shared()->engine->generate(request, JobContext());
}

const AudioBuffer& BuiltInModel::song_of(size_t prompt) {
  std::map<size_t, AudioBuffer>& songs = shared()->songs;
  const auto found = songs.find(prompt);
  if (found != songs.end()) return found->second;
  return songs.emplace(prompt, make(ten_seconds(kPrompts[prompt], 7)).audio).first->second;
}

std::string BuiltInModel::file_of(size_t prompt) {
  const fs::path path = folder() / (std::to_string(prompt) + ".wav");
  EncodeOptions exact;
  exact.format = AudioFormat::Wav32Float;
  if (!fs::exists(path)) write_audio_file(path, song_of(prompt), exact);
  return path.string();
}

fs::path BuiltInModel::folder() { return shared()->folder.path(); }

fs::path BuiltInModel::song_config() {
  return find_song_model(model_folder().string(), "", {}).dit / "config.json";
}

}  // namespace ams

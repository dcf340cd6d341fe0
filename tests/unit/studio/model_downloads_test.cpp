#include "studio/models/model_downloads.h"

#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "hub/known_files.h"
#include "studio/lora/lora_choice.h"
#include "studio/lora/lora_presets.h"
#include "studio/models/model_list.h"
#include "studio/models/model_uses.h"
#include "support/expect_error.h"
#include "support/safetensors_bytes.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> repositories_of(const std::string& name) {
  std::vector<std::string> repositories;
  for (const PullItem& item : find_model_download(name).items) {
    repositories.push_back(std::get<RepositoryFiles>(item).repository);
  }
  return repositories;
}

TEST(ModelDownloads, have_names_of_their_own) {
  std::set<std::string> names;
  for (const ModelDownload& download : model_downloads()) {
    EXPECT_TRUE(names.insert(download.name).second) << download.name;
    EXPECT_FALSE(download.items.empty()) << download.name;
    EXPECT_FALSE(download.help.empty()) << download.name;
  }
  for (const char* name : {"xl-sft",
                           "xl-turbo",
                           "xl-base",
                           "sft",
                           "turbo",
                           "base",
                           "planner-0.6b",
                           "planner-1.7b",
                           "planner-4b",
                           "lyrics",
                           "stems"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
}

TEST(ModelDownloads, song_models_bring_what_they_need) {
  EXPECT_THAT(repositories_of("xl-sft"),
              ElementsAre("ACE-Step/acestep-v15-xl-sft", "ACE-Step/Ace-Step1.5"));
  EXPECT_THAT(repositories_of("turbo"), ElementsAre("ACE-Step/Ace-Step1.5"));
  const auto umbrella = std::get<RepositoryFiles>(find_model_download("xl-sft").items.back());
  EXPECT_THAT(umbrella.patterns,
              ElementsAre("vae/*", "Qwen3-Embedding-0.6B/*", "acestep-5Hz-lm-1.7B/*"));
}

TEST(ModelDownloads, are_found_by_repository_as_well) {
  EXPECT_EQ(find_model_download("acestep-v15-xl-sft").name, "xl-sft");
  EXPECT_EQ(find_model_download("Qwen/Qwen2.5-7B-Instruct").name, "lyrics");
  EXPECT_EQ(find_model_download("ACE-Step/ACE-Step-v1.5-chinese-new-year-LoRA").kind, "lora");
  EXPECT_EQ(find_model_download("someone/else").kind, "repository");
}

TEST(ModelDownloads, of_a_studio_are_models_by_any_of_their_names) {
  EXPECT_EQ(find_studio_download("acestep-v15-turbo").name, "turbo");
  EXPECT_EQ(find_studio_download("acestep-5Hz-lm-1.7B").name, "planner-1.7b");
  EXPECT_EQ(find_studio_download("htdemucs").name, "stems");
  for (const ModelDownload& download : model_downloads()) {
    if (download.kind == "lora") continue;
    EXPECT_EQ(find_studio_download(download.folder).name, download.name);
    EXPECT_EQ(download.variant.empty(), download.kind != "song") << download.name;
  }
  for (const char* name : {"", "someone/else", "Chinese New Year"}) {
    expect_error(ErrorCode::NotFound, "lyrics-3b", [&] { find_studio_download(name); });
  }
}

TEST(ModelDownloads, unknown_and_unfit_names_are_explained) {
  expect_error(ErrorCode::NotFound, "xl-sft", [] { find_model_download("xxl"); });
  expect_error(ErrorCode::Unsupported, "v1.0", [] { find_model_download("Chinese Rap"); });
}

TEST(ModelDownloads, recorded_hashes_belong_to_repositories_that_are_offered) {
  std::set<std::string> repositories;
  for (const ModelDownload& download : model_downloads()) {
    for (const PullItem& item : download.items) {
      if (const auto* files = std::get_if<RepositoryFiles>(&item)) {
        repositories.insert(files->repository);
      }
    }
  }
  for (const KnownFile& file : known_files()) {
    EXPECT_EQ(repositories.count(std::string(file.repository)), 1u) << file.repository;
    EXPECT_EQ(file.sha256.size(), 64u) << file.path;
  }
}

class InstalledModels : public testing::Test {
 protected:
  void add(const std::string& file, const std::string& bytes) {
    fs::create_directories((folder_.path() / file).parent_path());
    std::ofstream(folder_.path() / file, std::ios::binary) << bytes;
  }
  // A repository as a Hub's client leaves it, with plain files in place of links.
  void add_cached(const std::string& repository,
                  const std::string& file,
                  const std::string& bytes,
                  const std::string& commit = std::string(40, 'c')) {
    const std::string home = "models--" + repository;
    add(home + "/snapshots/" + commit + "/" + file, bytes);
    if (!fs::exists(folder_.path() / home / "refs/main")) add(home + "/refs/main", commit);
  }

  TemporaryFolder folder_;
  const std::vector<fs::path> folders_{folder_.path()};
};

TEST_F(InstalledModels, stems_and_adapters_are_listed) {
  add("htdemucs/955717e8-8726e21a.th", "w");
  add_cached("adefossez--HTDemucs-ft", "f7e0c4bc.safetensors", "w");
  add("loras/night/adapter_model.safetensors", "w");
  const auto models = list_models(folders_);
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[0].role, ModelRole::Stems);
  EXPECT_EQ(models[0].name, "HTDemucs-ft");
  EXPECT_EQ(models[1].name, "htdemucs");
  EXPECT_EQ(models[1].weight_bytes, 1);
  EXPECT_EQ(models[2].role, ModelRole::Lora);
  EXPECT_EQ(models[2].name, "night");
}

TEST_F(InstalledModels, of_two_snapshots_that_of_the_main_branch_counts) {
  const std::string config = R"({"model_type": "qwen2"})";
  add_cached("Qwen--Q", "config.json", config, std::string(40, 'b'));
  add_cached("Qwen--Q", "config.json", config, std::string(40, 'a'));
  ASSERT_EQ(list_models(folders_).size(), 1u);
  EXPECT_EQ(list_models(folders_)[0].folder.filename(), std::string(40, 'b'));
}

TEST_F(InstalledModels, precision_is_that_of_most_bytes) {
  add("planner/config.json", R"({"model_type": "qwen3"})");
  add("planner/model.safetensors",
      safetensors_bytes({{"a", {2}, {1, 2}, "F32"}, {"b", {8}, {1, 2, 3, 4, 5, 6, 7, 8}, "BF16"}}));
  EXPECT_EQ(model_precision(list_models(folders_).at(0)), "bf16");
  add("planner/model.safetensors", "broken");
  EXPECT_EQ(model_precision(list_models(folders_).at(0)), "");
}

TEST_F(InstalledModels, each_job_names_its_model_or_what_to_pull) {
  const auto uses = model_uses(folders_);
  ASSERT_EQ(uses.size(), 4u);
  EXPECT_THAT(uses[0].missing, HasSubstr("ams pull xl-sft"));
  EXPECT_THAT(uses[1].missing, HasSubstr("ams pull planner-1.7b"));
  EXPECT_THAT(uses[2].missing, HasSubstr("ams pull lyrics"));
  EXPECT_THAT(uses[3].missing, HasSubstr("ams pull stems"));
  add("Big/config.json", R"({"model_type": "qwen2"})");
  add("Big/model.safetensors", "wwww");
  add_cached("Qwen--Qwen2.5-7B-Instruct", "config.json", R"({"model_type": "qwen2"})");
  add_cached("Qwen--Qwen2.5-7B-Instruct", "model.safetensors", "w");
  add("htdemucs/955717e8-8726e21a.th", "w");
  EXPECT_EQ(model_uses(folders_)[2].model, "Qwen2.5-7B-Instruct");
  EXPECT_EQ(model_uses(folders_)[3].model, "htdemucs");
}

TEST_F(InstalledModels, song_models_of_a_cache_are_known_by_their_repository) {
  add_cached("ACE-Step--acestep-v15-xl-sft",
             "config.json",
             R"({"audio_acoustic_hidden_dim": 64, "text_hidden_dim": 1024})");
  add_cached("ACE-Step--acestep-v15-xl-sft", "model.safetensors", "w");
  add_cached("ACE-Step--Ace-Step1.5",
             "vae/config.json",
             R"({"_class_name": "AutoencoderOobleck", "decoder_input_channels": 64})");
  add_cached("ACE-Step--Ace-Step1.5", "vae/diffusion_pytorch_model.safetensors", "w");
  const ModelUse without = model_uses(folders_)[0];
  EXPECT_EQ(without.model, "");
  EXPECT_THAT(without.missing, HasSubstr("text encoder"));
  add_cached("ACE-Step--Ace-Step1.5",
             "Qwen3-Embedding-0.6B/config.json",
             R"({"model_type": "qwen3", "hidden_size": 1024})");
  add_cached("ACE-Step--Ace-Step1.5", "Qwen3-Embedding-0.6B/model.safetensors", "w");
  EXPECT_EQ(model_uses(folders_)[0].model, "acestep-v15-xl-sft");
  EXPECT_EQ(model_uses(folders_)[0].folders.size(), 3u);
}

TEST_F(InstalledModels, pulled_presets_are_found_and_others_name_the_command) {
  LoraShelf shelf;
  const std::vector<LoraChoice> choices{{.name = "Chinese New Year", .strength = {}}};
  expect_error(ErrorCode::NotFound, "`ams pull \"Chinese New Year\"`", [&] {
    shelf.open(choices, folders_);
  });
  const std::string repository = "ACE-Step--ACE-Step-v1.5-chinese-new-year-LoRA";
  add_cached(repository, "adapter_config.json", "{");
  add_cached(repository, "adapter_model.safetensors", "broken");
  // Found: now its content is what is wrong.
  try {
    shelf.open(choices, folders_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::CorruptFile) << error.what();
  }
}

}  // namespace
}  // namespace ams

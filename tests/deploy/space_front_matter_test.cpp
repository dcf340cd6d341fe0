// deploy/space/README.md: what the Hub refuses a push for, and what must be in step with the
// program.
#include "deploy/space_front_matter.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text_file.h"
#include "studio/lora/lora_presets.h"
#include "studio/models/model_downloads.h"

namespace ams {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::Pair;
using testing::UnorderedElementsAreArray;

FrontMatter space() {
  return read_front_matter(read_text_file(AMS_TEST_SOURCE_DIR "/deploy/space/README.md", 100'000));
}

// The repositories of a download that `ams pull` knows by name.
void add_repositories(std::vector<std::string>& repositories, const char* name) {
  for (const PullItem& item : find_model_download(name).items) {
    repositories.push_back(std::get<RepositoryFiles>(item).repository);
  }
}

TEST(Space, is_a_docker_space_on_the_port_of_the_server) {
  const auto values = space().values;
  EXPECT_THAT(values, Contains(Pair("sdk", "docker")));
  EXPECT_THAT(values, Contains(Pair("app_port", "7860")));
  for (const char* gone : {"sdk_version", "python_version", "app_file"}) {
    EXPECT_FALSE(values.contains(gone)) << gone;
  }
}

TEST(Space, says_its_name_look_and_licence) {
  const auto values = space().values;
  EXPECT_THAT(values, Contains(Pair("title", "ACE Music Studio")));
  EXPECT_THAT(values, Contains(Pair("emoji", testing::SizeIs(testing::Ge(2U)))));
  EXPECT_THAT(values, Contains(Pair("colorFrom", "gray")));
  EXPECT_THAT(values, Contains(Pair("colorTo", "gray")));
  EXPECT_THAT(values, Contains(Pair("pinned", "false")));
  EXPECT_THAT(values, Contains(Pair("license", "mit")));
}

// The Hub refuses a longer one. Bytes are no fewer than characters.
TEST(Space, has_a_description_of_at_most_60_characters) {
  const auto values = space().values;
  ASSERT_TRUE(values.contains("short_description"));
  EXPECT_LE(values.at("short_description").size(), 60U);
}

TEST(Space, suggests_a_dedicated_graphics_card) {
  EXPECT_THAT(space().values.at("suggested_hardware"),
              AnyOf("t4-small",
                    "t4-medium",
                    "l4x1",
                    "l4x4",
                    "l40sx1",
                    "a10g-small",
                    "a10g-large",
                    "a100-large"));
}

TEST(Space, preloads_exactly_the_repositories_of_the_studios_models) {
  std::vector<std::string> wanted;
  add_repositories(wanted, "xl-sft");
  add_repositories(wanted, "lyrics");
  for (const LoraPreset& preset : lora_presets()) wanted.emplace_back(preset.hf_id);
  const auto lists = space().lists;
  ASSERT_TRUE(lists.contains("preload_from_hub"));
  EXPECT_THAT(lists.at("preload_from_hub"), UnorderedElementsAreArray(wanted));
  EXPECT_EQ(wanted.size(), 5U);
}

TEST(FrontMatter, refuses_what_yaml_reads_differently_or_not_at_all) {
  const char* const faults[] = {
      "title: x\n---\n",          // does not start with ---
      "---\ntitle: x\n",          // does not end
      "---\ntitle:x\n---\n",      // no space
      "---\ntitle: a: b\n---\n",  // a mapping in a scalar
      "---\ntitle: a #b\n---\n",  // a comment
      "---\ntitle: [a\n---\n",    // an open list
      "---\n\ttitle: a\n---\n",   // a tab
      "---\ntitle: a\ntitle: b\n---\n",
      "---\n  - a\n---\n",  // an item of no list
  };
  for (const char* fault : faults)
    EXPECT_THROW(read_front_matter(fault), std::runtime_error) << fault;
  EXPECT_EQ(read_front_matter("---\ntitle: a\nlist:\n  - b/c\n---\ntext\n").values.at("title"),
            "a");
}

}  // namespace
}  // namespace ams

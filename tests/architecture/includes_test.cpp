// Reads every #include of src/ and holds it against the module map: arrows point down only, and
// each third-party library stays inside the modules that may use it.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ams {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

// What a module may include besides itself and base (docs/architecture.md shows the same table).
const std::map<std::string, Names> kAllowed{
    {"base", {}},
    {"text", {}},
    {"audio", {}},
    {"hub", {}},
    {"cuda", {}},
    {"tensor", {}},
    {"nets", {"tensor", "cuda"}},
    {"diffusion", {}},
    {"planner", {"text", "nets"}},
    {"studio", {"text", "audio", "hub", "tensor", "nets", "diffusion", "planner"}},
    {"api", {"studio"}},
    {"server", {"api", "studio"}},
    {"cli", {"server", "api", "studio"}},
};

struct Confinement {
  std::string library;
  std::regex header;
  std::vector<std::string> allowed;  // path prefixes under src/
};

const std::vector<Confinement>& confinements() {
  static const std::vector<Confinement> kTable{
      {"nlohmann-json", std::regex("nlohmann/.*"), {"base/json.cpp"}},
      {"OpenSSL", std::regex("openssl/.*"), {"base/sha256.cpp", "hub/"}},
      {"spdlog", std::regex("spdlog/.*"), {"base/log.cpp"}},
      {"cpp-httplib", std::regex("httplib\\.h"), {"server/"}},
      {"libcurl", std::regex("curl/.*"), {"hub/"}},
      {"ggml", std::regex("(ggml|gguf).*\\.h"), {"tensor/", "nets/"}},
      {"CUDA", std::regex("cu(da|blas|dnn)[^/]*\\.h"), {"cuda/"}},
      {"FFmpeg", std::regex("lib(av|sw).*/.*"), {"audio/"}},
      {"libebur128", std::regex("ebur128\\.h"), {"audio/"}},
      {"libzip", std::regex("zip\\.h"), {"tensor/", "studio/post/"}},
      {"CLI11", std::regex("CLI/.*"), {"cli/"}},
      {"PCRE2", std::regex("pcre2\\.h"), {"text/"}},
      {"utf8proc", std::regex("utf8proc\\.h"), {"text/"}},
  };
  return kTable;
}

struct Include {
  std::string header;
  bool quoted;
};

std::vector<Include> includes_of(const fs::path& file) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<Include> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) found.push_back({match[2], match[1] == "\""});
  }
  return found;
}

// One sentence per include that breaks the map. `root` is a folder laid out as src/.
std::vector<std::string> violations(const fs::path& root) {
  std::vector<std::string> broken;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cpp" && extension != ".cu") continue;
    const std::string path = entry.path().lexically_relative(root).generic_string();
    const std::string module = path.substr(0, path.find('/'));
    const auto allowed = kAllowed.find(module);
    if (allowed == kAllowed.end()) {
      broken.push_back(path + ": folder " + module + " is not in the module map");
      continue;
    }
    for (const Include& include : includes_of(entry.path())) {
      const size_t slash = include.header.find('/');
      const std::string target = include.header.substr(0, slash);
      if (include.quoted && slash == std::string::npos) {
        broken.push_back(path + ": \"" + include.header + "\" is not rooted at src/");
      } else if (include.quoted && target != module && target != "base" &&
                 allowed->second.count(target) == 0 && kAllowed.count(target) != 0) {
        broken.push_back(path + ": " + module + " may not include " + include.header);
      }
      for (const Confinement& rule : confinements()) {
        if (!std::regex_match(include.header, rule.header)) continue;
        bool inside = false;
        for (const std::string& prefix : rule.allowed) inside |= path.rfind(prefix, 0) == 0;
        if (!inside) broken.push_back(path + ": " + rule.library + " is confined elsewhere");
      }
    }
  }
  return broken;
}

TEST(Includes, follow_the_module_map) {
  const fs::path source = fs::path(AMS_TEST_SOURCE_DIR) / "src";
  ASSERT_TRUE(fs::exists(source / "base"));
  EXPECT_THAT(violations(source), testing::IsEmpty());
}

class MadeUpTree : public testing::Test {
 protected:
  MadeUpTree() { fs::remove_all(root_); }
  ~MadeUpTree() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  fs::path root_ = fs::path(testing::TempDir()) / "ams_includes_test";
};

TEST_F(MadeUpTree, downward_arrows_pass) {
  write("nets/dit.cpp", "#include <vector>\n#include \"tensor/graph.h\"\n#include <ggml.h>\n");
  EXPECT_THAT(violations(root_), testing::IsEmpty());
}

TEST_F(MadeUpTree, upward_arrows_are_found) {
  write("nets/dit.cpp", "#include \"studio/jobs.h\"\n");
  EXPECT_THAT(violations(root_), testing::ElementsAre(testing::HasSubstr("nets may not include")));
}

TEST_F(MadeUpTree, third_party_outside_its_module_is_found) {
  write("studio/a.cpp", "#include <nlohmann/json.hpp>\n");
  write("diffusion/a.cpp", "#  include \"ggml-cpu.h\"\n");
  EXPECT_THAT(violations(root_), testing::SizeIs(3));  // ggml-cpu.h is not rooted at src/ either
}

TEST_F(MadeUpTree, unknown_folders_are_found) {
  write("utils/a.h", "\n");
  EXPECT_THAT(violations(root_), testing::ElementsAre(testing::HasSubstr("not in the module map")));
}

}  // namespace
}  // namespace ams

#include "studio/weights/model_weights.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/str.h"
#include "studio/weights/quantise_model.h"
#include "studio/weights/source_identity.h"
#include "tensor/gguf_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// To be raised when weight_dtype() or the encoders change.
constexpr std::string_view kTableVersion = "1";

bool is_quantising(Precision precision) { return is_quantised(precision_info(precision).matrix); }

std::vector<fs::path> gguf_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".gguf") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool has_published_files(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".safetensors" &&
        entry.path().filename() != "silence_latent.safetensors") {
      return true;
    }
  }
  return false;
}

// A .gguf of the folder in the wanted format; without published files, the finest there is.
std::shared_ptr<const WeightFile> open_beside(const fs::path& folder, Precision precision) {
  const bool takes_any = !has_published_files(folder);
  std::shared_ptr<const WeightFile> best;
  size_t best_rank = precision_table().size();
  for (const fs::path& path : gguf_files(folder)) {
    const GgufContent content = read_gguf(path);
    const std::string format = quantised_format(content.metadata);
    if (is_quantising(precision) && format == precision_info(precision).name) {
      return content.tensors;
    }
    for (size_t rank = 0; takes_any && rank < best_rank; ++rank) {
      if (precision_table()[rank].name != format) continue;
      best = content.tensors;
      best_rank = rank;
    }
  }
  return best;
}

// Whether a file holds exactly what would be written for this source.
bool is_complete(const WeightFile& cached, const DeclaredModel& model, Precision precision) {
  const std::vector<TensorRecipe> wanted = model.store->recipes(*model.file, precision);
  if (wanted.size() != cached.tensors().size()) return false;
  return std::all_of(wanted.begin(), wanted.end(), [&](const TensorRecipe& recipe) {
    const StoredTensor* tensor = cached.find(recipe.name);
    return tensor && tensor->dtype == recipe.dtype && tensor->shape == recipe.shape;
  });
}

std::shared_ptr<const WeightFile> read_cached(const fs::path& path,
                                              const std::string& identity,
                                              const DeclaredModel& model,
                                              Precision precision) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return nullptr;
  try {
    GgufContent content = read_gguf(path);
    if (quantised_identity(content.metadata) == identity &&
        is_complete(*content.tensors, model, precision)) {
      return content.tensors;
    }
    log(LogLevel::Warning, "weights", str(path.string(), " is not complete and is made again"));
  } catch (const Error& error) {
    log(LogLevel::Warning, "weights", str(error.what(), "; it is made again"));
  }
  return nullptr;
}

std::shared_ptr<const WeightFile> open_cached(const fs::path& folder,
                                              const std::shared_ptr<const WeightFile>& published,
                                              Precision precision,
                                              const QuantCache& cache) {
  const std::string format(precision_info(precision).name);
  const std::string identity =
      sha256_of(str(source_identity(folder), ' ', format, ' ', kTableVersion));
  const fs::path path =
      cache.folder /
      str(folder.filename().string(), '-', identity.substr(0, 16), '-', format, ".gguf");
  const DeclaredModel model = declare_model(folder, published);
  if (auto cached = read_cached(path, identity, model, precision)) return cached;
  try {
    std::error_code ignored;
    fs::create_directories(cache.folder, ignored);
    quantise_model(folder, published, precision, identity, path);
    return read_gguf(path).tensors;
  } catch (const Error& error) {
    const bool is_cache_fault =
        error.code() == ErrorCode::NotFound || error.code() == ErrorCode::Unsupported;
    if (!is_cache_fault) throw;
    log(LogLevel::Warning,
        "weights",
        str("the quantised weights are not kept for the next start: ", error.what()));
    return published;
  }
}

}  // namespace

std::shared_ptr<const WeightFile> open_model_weights(const fs::path& folder,
                                                     Precision precision,
                                                     const QuantCache& cache) {
  if (auto beside = open_beside(folder, precision)) return beside;
  std::shared_ptr<const WeightFile> published = open_weights(folder);
  if (!is_quantising(precision) || cache.folder.empty()) return published;
  return open_cached(folder, published, precision, cache);
}

}  // namespace ams

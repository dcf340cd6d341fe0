// model_precision: what the header of a checkpoint says about its numbers.
#include <algorithm>
#include <map>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "studio/models/model_list.h"
#include "tensor/weight_file.h"

namespace ams {

namespace fs = std::filesystem;

std::string model_precision(const ModelEntry& model) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(model.folder, error)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".safetensors" || extension == ".gguf") files.push_back(entry.path());
  }
  if (files.empty()) return "";
  try {
    const auto weights = open_weights(*std::min_element(files.begin(), files.end()));
    std::map<DType, size_t> bytes;
    for (const StoredTensor& tensor : weights->tensors()) {
      bytes[tensor.dtype] += tensor.bytes.size();
    }
    const auto most =
        std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) {
          return a.second < b.second;
        });
    return most == bytes.end() ? "" : std::string(dtype_name(most->first));
  } catch (const Error&) {
    return "";  // opening the model gives the reason
  }
}

}  // namespace ams
